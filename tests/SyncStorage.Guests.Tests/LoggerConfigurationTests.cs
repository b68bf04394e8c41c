using SyncStorage.Mail;
using SyncStorage.TestLogger;

namespace SyncStorage.Guests.Tests;

[TestClass]
public sealed class LoggerConfigurationTests
{
    /// <summary>As VSTest splits it, in MSBuild's task as on its own command line.</summary>
    [TestMethod]
    [DataRow("/tmp/SyncStorage-me/0123456789abcdef")]
    [DataRow("/tmp/a;b=c d%3B'\"é/s")]
    public void Whatever_the_temporary_folder_is_called_the_session_arrives_as_it_is(string session)
    {
        string[] parts = LoggerParameters.ToText(session, "1-2-3").Split(';');
        IEnumerable<KeyValuePair<string, string?>> parameters = parts.Skip(1).Select(part => part.Split('=')).Select(pair => new KeyValuePair<string, string?>(pair[0], pair.Length == 2 ? pair[1] : null));

        Dictionary<string, string> values = LoggerConfiguration.Of(parameters);

        Assert.AreEqual(("SyncStorage", session, "1-2-3"), (parts[0], LoggerParameters.SessionIn(values), values[LoggerParameters.Worker]));
    }

    [TestMethod]
    public void What_is_written_at_one_extension_counts_for_both()
    {
        const string RunSettings = """
            <RunSettings>
              <InProcDataCollectionRunSettings><InProcDataCollectors>
                <InProcDataCollector friendlyName="Another"><Configuration><Directory>no</Directory></Configuration></InProcDataCollector>
                <InProcDataCollector friendlyName="syncstorage"><Configuration><Port>0</Port><TestRunId>from-collector</TestRunId></Configuration></InProcDataCollector>
              </InProcDataCollectors></InProcDataCollectionRunSettings>
              <LoggerRunSettings><Loggers><Logger uri="logger://SyncStorage/v1"><Configuration><TestRunName>nightly</TestRunName></Configuration></Logger></Loggers></LoggerRunSettings>
            </RunSettings>
            """;
        Dictionary<string, string> values = LoggerConfiguration.Of([new("TestRunId", "own")]);

        LoggerConfiguration.AddFromRunSettings(values, RunSettings);

        Assert.AreEqual(("own", "0", "nightly", false), (values["TestRunId"], values["Port"], values["TestRunName"], values.ContainsKey("Directory")));
    }
}
