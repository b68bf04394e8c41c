using System.Collections.Generic;
using SyncStorage.TestLogger;

namespace SyncStorage.Guests.Tests;

[TestClass]
public sealed class LoggerConfigurationTests
{
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
