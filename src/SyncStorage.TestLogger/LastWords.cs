using System.Text;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.Logging;

namespace SyncStorage.TestLogger;

/// <summary>
/// Why a test host ended early, as far as VSTest says: its last message of an error, and what follows that. Test frameworks report failing
/// tests as errors as well, so what came before is about something else.
/// </summary>
internal sealed class LastWords
{
    private const int Longest = 16_000;

    private readonly StringBuilder _text = new();

    public string? Text
    {
        get
        {
            lock (_text)
            {
                return _text.Length == 0 ? null : _text.ToString();
            }
        }
    }

    public void Add(TestMessageLevel level, string? message)
    {
        lock (_text)
        {
            if (level == TestMessageLevel.Error)
            {
                _text.Clear();
            }

            if ((level == TestMessageLevel.Error || _text.Length > 0) && !string.IsNullOrWhiteSpace(message) && _text.Length < Longest)
            {
                string line = message!.Replace("\r\n", "\n").Trim('\n');
                _text.Append(_text.Length == 0 ? "" : "\n").Append(line.Length <= Longest ? line : line.Substring(0, Longest));
            }
        }
    }
}
