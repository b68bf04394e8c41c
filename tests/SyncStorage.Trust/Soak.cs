using System.Diagnostics;
using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;

namespace SyncStorage.Trust;

/// <summary>Nothing lost, nothing doubled, nothing left behind: real runs of the packed package whose processes are killed at random moments.</summary>
internal static class Soak
{
    public static async Task<bool> RunAsync(int kills, int seed, int onlyRound)
    {
        Console.WriteLine($"Soak: {kills} kills, seed {seed}.");
        await Packages.PackAsync(null!);
        using var user = new UserFolder("soak");
        WriteProjects(user);
        CommandResult built = await user.DotnetAsync("build", "All.slnx", "-v", "q");
        if (built.ExitCode != 0)
        {
            Console.WriteLine(built.Output);
            return false;
        }

        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { RecordBodies = false });
        var clock = Stopwatch.StartNew();
        var done = new List<SoakRound>();
        int failed = 0;
        for (int number = Math.Max(0, onlyRound); done.Sum(round => round.Killed.Count) < kills && (onlyRound < 0 || number == onlyRound); number++)
        {
            var round = new SoakRound(SoakPlan.Make(seed, number), user, testIt);
            await round.RunAsync();
            done.Add(round);
            Console.WriteLine($"round {number}: {round}");
            foreach (string problem in round.Problems)
            {
                Console.WriteLine("    VIOLATION: " + problem);
            }

            if (round.Problems.Count > 0)
            {
                failed++;
                Console.WriteLine($"    kept in {round.Folder}; again: dotnet run -c Release --project tests/SyncStorage.Trust -- soak --seed {seed} --round {number}");
            }
            else
            {
                Folders.Remove(round.Folder);
            }
        }

        var byRole = done.SelectMany(round => round.Killed).GroupBy(role => role).OrderBy(group => group.Key).Select(group => $"{group.Count()} {group.Key}");
        Console.WriteLine($"seed {seed}, {clock.Elapsed.TotalMinutes:0.0} min, {failed} rounds with a violation; destinations: {string.Join(", ", done.GroupBy(round => round.Plan.Destination).Select(group => $"{group.Count()} {group.Key}"))}");
        Table.Header();
        Table.Row(
            "nothing lost, nothing doubled, nothing left behind: random `kill -9`",
            $"{done.Sum(round => round.Killed.Count)} kills in {done.Count} runs ({string.Join(", ", byRole)}), seed {seed}",
            $"{done.Sum(round => round.Observed)} results, {failed} violations");
        if (failed == 0)
        {
            user.Passed();
            Packages.CleanUp();
        }

        return failed == 0;
    }

    /// <summary>Three frameworks whose tests take long enough to be killed in the middle.</summary>
    private static void WriteProjects(UserFolder user)
    {
        string tests(string attribute, string sleep) => string.Join("\n", Enumerable.Range(0, SoakRound.TestsPerProject).Select(i => $"    [{attribute}] public void Test{i}() => {sleep};"));
        const string sleep = "System.Threading.Thread.Sleep(150)";
        user.WithMSTest("Alpha").WithNUnit("Beta").WithXunit("Gamma");
        user.Write("Alpha/Tests.cs", $"using Microsoft.VisualStudio.TestTools.UnitTesting;\nnamespace Alpha;\n[TestClass] public class Tests\n{{\n{tests("TestMethod", sleep)}\n}}");
        user.Write("Beta/Tests.cs", $"using NUnit.Framework;\nnamespace Beta;\npublic class Tests\n{{\n{tests("Test", sleep)}\n}}");
        user.Write("Gamma/Tests.cs", $"using Xunit;\nnamespace Gamma;\npublic class Tests\n{{\n{tests("Fact", sleep)}\n}}");
        user.WithSolution();
    }
}
