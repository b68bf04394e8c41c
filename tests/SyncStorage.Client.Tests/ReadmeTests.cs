namespace SyncStorage.Client.Tests;

[TestClass]
public sealed class ReadmeTests
{
    [TestMethod]
    public void The_librarys_example_is_the_sample_that_compiles()
    {
        string readme = Read("README.md");
        string sample = Read("HomeMadeAdapter.cs");

        Assert.Contains("```csharp\n" + sample + "```", readme, "Copy tests/Samples/HomeMadeAdapter/Program.cs into the library's README, or the other way round.");
    }

    private static string Read(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, name)).ReplaceLineEndings("\n");
}
