using SyncStorage.Results;

namespace SyncStorage.Server.Hosting;

/// <summary>The console, which may be a closed pipe: some official clients start the server and never read.</summary>
internal static class Output
{
    public static void WriteLine(string text) => Write(Console.Out, ConsoleText.Escape(text));

    public static void WriteError(string text) => Write(Console.Error, ConsoleText.Escape(text));

    public static void WriteWarning(Diagnostic diagnostic) => WriteError($"warning {diagnostic}");

    /// <summary>Of ours alone: its lines stay lines.</summary>
    public static void WriteUsage(bool asError) => Write(asError ? Console.Error : Console.Out, ServerOptions.Usage);

    private static void Write(TextWriter writer, string text)
    {
        try
        {
            writer.WriteLine(text);
            writer.Flush();
        }
        catch (IOException)
        {
            // Nobody reads; server.log has it too.
        }
    }
}
