using SyncStorage.Build.EndToEnd.Fixture;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>Two accounts on one machine: a victim that runs tests, and an attacker that shares the temporary folder and the ports with it.</summary>
[TestClass]
public sealed class Another_account
{
    [TestMethod]
    [TestCategory(Promise.Secrets)]
    public async Task Without_a_name_gets_all_its_results()
    {
        OtherAccount.Require();
        await using Stage stage = await Stage.SetAsync();
        OtherAccount.Victim.Play(stage.Trial);

        TimedResult run = await stage.Trial.RunAsync(Kind.Passing);

        Assert.AreEqual(0, run.ExitCode, run.Output);
        stage.AssertOneOfEach(5, run.Output);
        stage.Trial.Passed();
    }
}
