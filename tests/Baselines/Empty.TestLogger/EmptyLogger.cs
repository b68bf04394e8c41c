using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.Client;

namespace Empty.TestLogger;

/// <summary>Does nothing: what any logger costs.</summary>
[FriendlyName("Empty")]
[ExtensionUri("logger://Empty/v1")]
public sealed class EmptyLogger : ITestLogger
{
    /// <inheritdoc />
    public void Initialize(TestLoggerEvents events, string testRunDirectory)
    {
    }
}
