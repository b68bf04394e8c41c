using SyncStorage.Results;

namespace SyncStorage.TestLogger;

/// <summary>Says each thing once: a disk that is full refuses every line, and one word about it is enough for a user.</summary>
/// <param name="write">Where the host shows warnings; a host that throws there is ignored.</param>
internal sealed class Warnings(Action<string> write)
{
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);

    /// <param name="message">What went wrong.</param>
    /// <param name="cause">Added to the text. Two causes of one message are one thing.</param>
    public void Warn(string message, Exception? cause = null)
    {
        string text = Diagnostics.ExtensionFailed(message).ToString();
        lock (_said)
        {
            if (!_said.Add(text))
            {
                return;
            }
        }

        try
        {
            write(ConsoleText.Escape(cause is null ? text : $"{text} ({Innermost(cause).Message.TrimEnd('.')})"));
        }
        catch (Exception)
        {
            // The host is ending; there is nobody left to tell.
        }
    }

    private static Exception Innermost(Exception e)
    {
        while (e is AggregateException { InnerException: not null })
        {
            e = e.InnerException!;
        }

        return e;
    }
}
