using System.Globalization;

namespace SyncStorage.Benchmarks;

/// <summary>Rows of a Markdown table, as they go into the README.</summary>
internal static class Table
{
    public static void Header()
    {
        Console.WriteLine("| Figure | Measured | Baseline in the same run | Ratio of medians | Aim |");
        Console.WriteLine("|---|---|---|---|---|");
    }

    public static void Row(string figure, string measured, string baseline, double? ratio, string aim)
        => Console.WriteLine($"| {figure} | {measured} | {baseline} | {ratio?.ToString("0.00", CultureInfo.InvariantCulture) ?? ""} | {aim} |");

    public static void Milliseconds(string figure, IReadOnlyList<double> measured, IReadOnlyList<double> baseline, string aim)
        => Row(figure, $"{Median(measured):0} ms", $"{Median(baseline):0} ms", Median(measured) / Median(baseline), aim);

    public static double Median(IReadOnlyList<double> values)
    {
        double[] sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
