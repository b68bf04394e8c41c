namespace SyncStorage.Trust;

/// <summary>Rows of a Markdown table, as they go into the README.</summary>
internal static class Table
{
    public static void Header()
    {
        Console.WriteLine("| Promise | Cases | Measured |");
        Console.WriteLine("|---|---|---|");
    }

    public static void Row(string promise, string cases, string measured) => Console.WriteLine($"| {promise} | {cases} | {measured} |");
}
