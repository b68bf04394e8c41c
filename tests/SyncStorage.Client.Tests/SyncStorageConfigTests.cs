using System.Text.Json;

namespace SyncStorage.Client.Tests;

[TestClass]
public sealed class SyncStorageConfigTests
{
    private const string Token = "canary-token-4711";

    [TestMethod]
    public void The_keys_of_the_Python_integration_are_read_without_case()
    {
        SyncStorageConfig config = From(("TestRunId", "run 1"), ("URL", "https://testit.example.com/api/v2/"), ("privateToken", Token), ("SYNCSTORAGE_PORT", "50000"), ("syncStorage_Enabled", "no"));

        Assert.AreEqual("run 1", config.TestRunId);
        Assert.AreEqual("https://testit.example.com", config.BaseUrl);
        Assert.AreEqual(Token, config.PrivateToken);
        Assert.AreEqual(50000, config.Port);
        Assert.IsFalse(config.Enabled);
    }

    [TestMethod]
    public void The_keys_of_the_official_adapters_are_read_as_well()
    {
        SyncStorageConfig config = From(("testRunId", "run 1"), ("syncStoragePort", "50001"), ("TMS_URL", "https://testit.example.com"), ("TMS_PRIVATE_TOKEN", Token), ("projectId", "ABCDEF01-2345-6789-abcd-ef0123456789"));

        Assert.AreEqual(50001, config.Port);
        Assert.AreEqual("https://testit.example.com", config.BaseUrl);
        Assert.AreEqual(Token, config.PrivateToken);
        Assert.AreEqual("abcdef01-2345-6789-abcd-ef0123456789", config.ProjectId);
        Assert.IsTrue(config.Enabled);
        Assert.IsTrue(config.IsValid, string.Join("\n", config.Validate()));
    }

    [TestMethod]
    public void Properties_win_over_the_environment_and_the_environment_over_the_file()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, """{ "testRunId": "file", "syncStoragePort": 1001, "url": "https://file.example.com", "privateToken": "from-file" }""");
        using var environment = new TemporaryEnvironment(("TMS_CONFIG_FILE", file), ("TMS_TEST_RUN_ID", "environment"), ("TMS_SYNC_STORAGE_PORT", "1002"));

        SyncStorageConfig config = From(("syncstorage_port", "1003"));

        Assert.AreEqual(("environment", 1003, "https://file.example.com", "from-file"), (config.TestRunId, config.Port, config.BaseUrl, config.PrivateToken));
        File.Delete(file);
    }

    [TestMethod]
    public void Certificates_are_checked_unless_told_otherwise()
    {
        Assert.IsTrue(new SyncStorageConfig().CertValidation);
        Assert.IsFalse(From(("certvalidation", "off")).CertValidation);
        using var environment = new TemporaryEnvironment(("TMS_CERT_VALIDATION", "0"));
        Assert.IsFalse(From().CertValidation);
    }

    [TestMethod]
    public void Every_problem_is_named_with_its_setting_and_source()
    {
        using var environment = new TemporaryEnvironment(("TMS_SYNC_STORAGE_PORT", "99999"));

        IReadOnlyList<SyncStorageConfigProblem> problems = From(("url", "testit"), ("syncstorage_enabled", "perhaps"), ("projectid", "7")).Validate();

        CollectionAssert.AreEquivalent(
            new[]
            {
                ("syncStorageEnabled", "application property syncstorage_enabled"),
                ("syncStoragePort", "environment variable TMS_SYNC_STORAGE_PORT"),
                ("url", "application property url"),
                ("projectId", "application property projectId"),
                ("testRunId", "not set"),
                ("privateToken", "not set"),
            },
            problems.Select(p => (p.Setting, p.Source)).ToArray());
        Assert.IsTrue(problems.All(p => p.Message.Contains(p.Setting.Split("Storage")[^1], StringComparison.OrdinalIgnoreCase)));
    }

    [TestMethod]
    public void Directly_given_values_are_checked_by_the_same_rules()
    {
        var config = new SyncStorageConfig(testRunId: " ", port: -1, baseUrl: "ftp://testit", privateToken: Token);

        CollectionAssert.AreEqual(
            new[] { "SyncStorageConfig.Port", "SyncStorageConfig.BaseUrl", "not set" },
            config.Validate().Select(p => p.Source).ToArray());
        Assert.IsFalse(config.IsValid);
    }

    [TestMethod]
    public void A_corrected_value_is_no_problem_any_more()
    {
        SyncStorageConfig config = From(("testrunid", "run"), ("syncstorage_port", "many"));
        Assert.IsFalse(config.IsValid);
        config.Port = 0;
        Assert.IsTrue(config.IsValid);
    }

    [TestMethod]
    public void Local_mode_needs_a_run_id_only() => Assert.IsTrue(new SyncStorageConfig("run").IsValid);

    [TestMethod]
    public void A_switched_off_configuration_needs_nothing() => Assert.IsTrue(new SyncStorageConfig { Enabled = false }.IsValid);

    [TestMethod]
    public void The_token_is_in_no_text()
    {
        var config = new SyncStorageConfig("run", -1, "https://user:" + Token + "@testit", Token);

        string everything = config + JsonSerializer.Serialize(config) + Newtonsoft.Json.JsonConvert.SerializeObject(config) + string.Join("\n", config.Validate());

        Assert.DoesNotContain(Token, everything);
    }

    [TestMethod]
    public void A_malformed_settings_file_is_a_problem_that_names_it()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, "{ \"privateToken\": \"" + Token + "\" oops");
        using var environment = new TemporaryEnvironment(("TMS_CONFIG_FILE", file));

        SyncStorageConfigProblem problem = From(("testrunid", "run")).Validate().Single();

        Assert.AreEqual(file, problem.Source);
        Assert.DoesNotContain(Token, problem.Message);
        File.Delete(file);
    }

    private static SyncStorageConfig From(params (string Key, string Value)[] properties)
        => SyncStorageConfig.FromAppProperties(properties.ToDictionary(p => p.Key, p => p.Value));
}
