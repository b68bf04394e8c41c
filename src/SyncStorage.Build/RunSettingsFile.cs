using System.Text;
using System.Xml;

namespace SyncStorage.Build;

/// <summary>The .runsettings that VSTest is given in place of the user's: a file a worker, in its session, so that no two runs share one.</summary>
/// <param name="collector">What it adds.</param>
internal sealed class RunSettingsFile(CollectorEntry collector)
{
    // VSTest writes the folder into its own XML as it is.
    private static readonly char[] NotInItsFolder = ['&', '<'];

    private string MergedPath => System.IO.Path.Combine(collector.Session, "workers", collector.Worker + ".runsettings");

    /// <param name="userSettings">The user's file, absolute; null when there is none.</param>
    /// <returns>The file for VSTest; null when the user's own is to be used as it is.</returns>
    /// <exception cref="RunSettingsException">It cannot be merged; the message says why.</exception>
    public string? Write(string? userSettings)
    {
        if (MergedPath.IndexOfAny(NotInItsFolder) >= 0)
        {
            throw new RunSettingsException($"VSTest takes no settings from '{collector.Session}'; give another temporary folder");
        }

        try
        {
            (string? text, Encoding encoding) = userSettings is null ? (MergedRunSettings.Of(collector), WithoutMark) : Merge(userSettings);
            if (text is null)
            {
                return null;
            }

            File.WriteAllText(MergedPath, text, encoding);
            return MergedPath;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or XmlException or ArgumentException or NotSupportedException)
        {
            throw new RunSettingsException(e.Message.TrimEnd('.'));
        }
    }

    /// <summary>The user's file has changed since. Whatever is wrong with it now, VSTest shall see it.</summary>
    public void Rewrite(string userSettings)
    {
        try
        {
            if (Write(userSettings) is not null)
            {
                return;
            }
        }
        catch (RunSettingsException)
        {
            // VSTest reads the same text and says so itself.
        }

        File.Copy(userSettings, MergedPath, overwrite: true);
    }

    private static UTF8Encoding WithoutMark => new(encoderShouldEmitUTF8Identifier: false);

    private (string? Text, Encoding Encoding) Merge(string path)
    {
        // As VSTest reads it: by its byte order mark, else as UTF-8, whatever the XML declaration says.
        using var reader = new StreamReader(path, WithoutMark, detectEncodingFromByteOrderMarks: true);
        string text = reader.ReadToEnd();
        return (MergedRunSettings.Of(text, System.IO.Path.GetDirectoryName(path)!, collector), reader.CurrentEncoding);
    }
}
