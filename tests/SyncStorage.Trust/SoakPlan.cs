namespace SyncStorage.Trust;

internal enum Destination
{
    Local,

    /// <summary>Into a run that Test IT completes by itself as soon as nothing in it is in progress.</summary>
    GivenRun,

    /// <summary>Into a run that is created and completed by us.</summary>
    CreatedRun,
}

/// <summary>One process is killed so long after the first of its role was seen.</summary>
internal sealed record PlannedKill(Role Role, TimeSpan After, int Pick);

/// <summary>One round: what is run and what is killed. The same seed and number give the same plan; what it meets differs each time.</summary>
internal sealed record SoakPlan(int Number, Destination Destination, bool Shared, TimeSpan Stagger, IReadOnlyList<PlannedKill> Kills)
{
    public static SoakPlan Make(int seed, int number)
    {
        var random = new Random(unchecked(seed * 7919 + number));
        Destination destination = (Destination)random.Next(3);

        // A created run belongs to one invocation: there is no id to share.
        bool shared = random.Next(5) == 0 && destination != Destination.CreatedRun;
        Role[] roles = [Role.Server, Role.Server, Role.TestHost, Role.TestHost, Role.TestConsole];
        List<PlannedKill> kills = Enumerable.Range(0, 1 + random.Next(3))
            .Select(_ => new PlannedKill(roles[random.Next(roles.Length)], TimeSpan.FromMilliseconds(random.Next(0, 2500)), random.Next()))
            .ToList();
        return new SoakPlan(number, destination, shared, TimeSpan.FromMilliseconds(random.Next(0, 1500)), kills);
    }

    public override string ToString()
        => $"{Destination}{(Shared ? ", two calls" : "")}, kill {string.Join(" and ", Kills.Select(kill => $"{kill.Role} +{kill.After.TotalMilliseconds:0} ms"))}";
}
