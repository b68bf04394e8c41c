using TestItStandIn;

namespace SyncStorage.Build.EndToEnd.Fixture;

public static class TestItSettings
{
    /// <summary>Lets everything in the folder publish to the stand-in, as a CI job would: by environment variables.</summary>
    /// <param name="testIt">Null for one that is not there (yet), at <paramref name="url"/>.</param>
    public static UserFolder Publishing(this UserFolder folder, TestItServer? testIt, string adapterMode, string? testRunId = null, string? token = null, string? url = null)
    {
        folder.Environment["TMS_URL"] = testIt?.Url ?? url;
        folder.Environment["TMS_PRIVATE_TOKEN"] = token ?? new TestItOptions().Token;
        folder.Environment["TMS_PROJECT_ID"] = new TestItOptions().ProjectId;
        folder.Environment["TMS_CONFIGURATION_ID"] = new TestItOptions().ConfigurationId;
        folder.Environment["TMS_ADAPTER_MODE"] = adapterMode;
        folder.Environment["TMS_TEST_RUN_ID"] = testRunId;
        return folder;
    }
}
