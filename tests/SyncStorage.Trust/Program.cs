using System.Globalization;
using SyncStorage.Trust;

// Proves what the README promises and prints the figures for it: rows of a Markdown table. The exit code is 1 when a promise was broken.
//   dotnet run -c Release --project tests/SyncStorage.Trust                                  the tests of each promise
//   dotnet run -c Release --project tests/SyncStorage.Trust -- soak [--kills 200] [--seed N] [--round K]   random kills around real runs
//   dotnet run -c Release --project tests/SyncStorage.Trust -- load [--minutes 5]             many workers, many results
int Option(string name, int otherwise)
{
    int at = Array.IndexOf(args, "--" + name);
    return at >= 0 ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}

switch (args.FirstOrDefault())
{
    case null:
        return await PromiseTests.RunAsync() ? 0 : 1;
    case "soak":
        return await Soak.RunAsync(Option("kills", 200), Option("seed", Random.Shared.Next(1, 1_000_000)), Option("round", -1)) ? 0 : 1;
    case "load":
        return await Load.RunAsync(Option("minutes", 5)) ? 0 : 1;
    default:
        Console.Error.WriteLine($"Unknown: {args[0]}. Known: soak, load, or nothing.");
        return 2;
}
