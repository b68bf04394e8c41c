using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SyncStorage.Build.EndToEnd.Fixture;
using TestItStandIn;

namespace SyncStorage.Build.EndToEnd.Scenarios;

/// <summary>Two accounts on one machine: a victim that runs tests, and an attacker that shares the temporary folder and the ports with it.</summary>
[TestClass]
public sealed class Another_account
{
    /// <summary>Three processes that have to come to the same other folder by themselves.</summary>
    [TestMethod]
    [DataRow("a folder that everybody may write")]
    [DataRow("a link to a folder of its own")]
    [DataRow("a link to nothing")]
    [DataRow("a file")]
    [TestCategory(Promise.Secrets)]
    public async Task That_made_the_folder_of_the_sessions_first_gets_nothing_started_and_no_token(string made)
    {
        OtherAccount.Require();
        await using Stage stage = await Stage.SetAsync();
        OtherAccount.Victim.Play(stage.Trial);
        await using TestItServer attackersTestIt = await TestItServer.StartAsync();
        string loot = await AttackAsync(stage, made, attackersTestIt.Url);

        TimedResult run = await stage.Trial.RunAsync(Kind.ThreePassing, "-m:3");

        Assert.AreEqual(0, run.ExitCode, run.Output);
        stage.AssertOneOfEach(15, run.Output);
        AssertUntouched(loot);
        Assert.IsEmpty(attackersTestIt.Requests);
        stage.AssertSecret(run.Output);
        Assert.IsEmpty(stage.Trial.Servers);
        stage.Trial.Passed();
    }

    [TestMethod]
    [TestCategory(Promise.Secrets)]
    public async Task That_made_it_first_gets_nothing_where_no_MSBuild_runs_either()
    {
        OtherAccount.Require();
        await using Stage stage = await Stage.SetAsync();
        Trial trial = OtherAccount.Victim.Play(stage.Trial);
        string loot = await AttackAsync(stage, "a folder that everybody may write", "http://127.0.0.1:1");
        string assembly = Path.Combine(await BuiltProjects.FolderAsync(), "Alpha", "bin", "Debug", "net10.0", "Alpha.dll");

        using Command test = OtherAccount.Victim.Start(
            trial.Folder, ["vstest", assembly, "--TestAdapterPath:" + Path.Combine(Packages.Unpacked, "logger"), $"--logger:SyncStorage;Port=0;Directory={trial.Results}"], trial.Environment);
        CommandResult run = await test.WaitAsync();

        Assert.AreEqual(0, run.ExitCode, run.Output);
        Assert.HasCount(1, trial.Reports, run.Output);
        stage.AssertOneOfEach(5, run.Output);
        AssertUntouched(loot);
        trial.Passed();
    }

    /// <summary>A run id is no secret, and so it is known which session a run has.</summary>
    /// <returns>The attacker's own folder.</returns>
    private static async Task<string> AttackAsync(Stage stage, string made, string testIt)
    {
        string loot = Directory.CreateDirectory(Path.Combine(stage.Trial.Folder, "loot")).FullName;
        OtherAccount.Attacker.Own(loot);
        string start = JsonSerializer.Serialize(new { port = 0, directory = loot + "/results", testRunId = stage.Run.Id, completionTimeout = 6, coordinatorExecutable = loot + "/program" });
        string run = JsonSerializer.Serialize(new { testRunId = stage.Run.Id, testRunIdGiven = true, publish = true, url = testIt, projectId = new TestItOptions().ProjectId, configurationId = new TestItOptions().ConfigurationId, adapterMode = 1 });
        // Ours of the user's name, and what it would be if it were put together from no name.
        string make = $"for root in {stage.Trial.Temporary}/SyncStorage-{OtherAccount.Victim.Id} {stage.Trial.Temporary}/SyncStorage-; do " + made switch
        {
            "a file" => "echo > $root",
            "a link to nothing" => $"ln -s {loot}/nothing $root",
            "a link to a folder of its own" => $"ln -sfn {loot}/sessions $root",
            _ => "cp -r sessions $root; chmod -R 777 $root",
        } + "; done";
        string session = "sessions/" + Hash("run " + stage.Run.Id);
        await OtherAccount.Attacker.ShellAsync(loot, $"""
            umask 0
            printf '#!/bin/sh\nenv > {loot}/executed\nexec sleep 60\n' > program
            chmod 755 program
            mkdir -p {session}/leases {session}/waiting {session}/workers {session}/runs {session}/plans
            echo '{start}' > {session}/start.json
            echo '{run}' > {session}/runs/{Hash(stage.Run.Id)}.json
            : > {session}/leases/self.0.0.held
            {make}
            : > before; find . | LC_ALL=C sort > before
            """);
        if (made.StartsWith("a folder", StringComparison.Ordinal))
        {
            string lease = Directory.GetFiles(stage.Trial.Temporary, "self.0.0.held", SearchOption.AllDirectories)[0];
            stage.With(OtherAccount.Attacker.Start(loot, ["-x", lease, "sleep", "600"], file: "flock"));
        }

        return loot;
    }

    private static void AssertUntouched(string loot)
    {
        Assert.IsFalse(File.Exists(loot + "/executed"), "the attacker's program ran");
        Assert.AreEqual(
            File.ReadAllText(loot + "/before"),
            string.Join('\n', Directory.GetFileSystemEntries(loot, "*", SearchOption.AllDirectories).Select(path => "./" + Path.GetRelativePath(loot, path)).Append(".").Order(StringComparer.Ordinal)) + "\n");
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
}
