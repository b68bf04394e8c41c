using PublicApiGenerator;

namespace SyncStorage.Client.Tests;

[TestClass]
public sealed class PublicApiTests
{
    [TestMethod]
    public void The_public_API_changes_only_on_purpose()
    {
        string actual = typeof(SyncStorageRunner).Assembly.GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n").Trim() + "\n";
        string listed = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "PublicApi.txt")).ReplaceLineEndings("\n");
        if (actual != listed)
        {
            string path = Path.Combine(AppContext.BaseDirectory, "PublicApi.actual.txt");
            File.WriteAllText(path, actual);
            Assert.Fail($"The public API is no longer as listed in PublicApi.txt. If that is meant, replace the list by {path}.");
        }
    }
}
