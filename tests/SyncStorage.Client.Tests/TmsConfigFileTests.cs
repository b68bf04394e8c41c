using System.Diagnostics;
using System.Runtime.InteropServices;
using SyncStorage.Settings;
using SyncStorage.Testing;

namespace SyncStorage.Client.Tests;

/// <summary>Whose Tms.config.json decides where results and token go.</summary>
[TestClass]
public sealed class TmsConfigFileTests : IDisposable
{
    private const string Content = """{ "url": "https://file.example.com", "privateToken": "canary", "projectId": "11111111-1111-1111-1111-111111111111" }""";

    private readonly TemporaryEnvironment _environment = new(("TMS_CONFIG_FILE", null), ("TMS_URL", null), ("TMS_PRIVATE_TOKEN", null));
    private readonly string _root = Directory.CreateTempSubdirectory("SyncStorage.Client.Tests-").FullName;

    public void Dispose()
    {
        _environment.Dispose();
        Folders.Remove(_root);
    }

    [TestMethod]
    public void One_of_the_users_own_is_used() => AssertUsed(Write("repo"));

    [TestMethod]
    [DataRow("666", "every user")]
    [DataRow("606", "every user")]
    public void One_that_others_may_write_is_not(string mode, string reason) => AssertRefused(Change("chmod", mode, Write("repo")), reason);

    [TestMethod]
    [DataRow("664")]
    [DataRow("644")]
    [DataRow("600")]
    public void One_that_only_the_users_own_group_may_write_is(string mode) => AssertUsed(Change("chmod", mode, Write("repo")));

    [TestMethod]
    public void One_of_another_user_is_not() => AssertRefused(AsRoot(() => Change("chown", "4711:4711", Write("repo"))), "id 4711");

    [TestMethod]
    public void One_that_a_foreign_group_may_write_is_not() => AssertRefused(AsRoot(() => Change("chmod", "664", Change("chgrp", "4712", Write("repo")))), "group with the id 4712");

    [TestMethod]
    public void One_that_another_users_link_leads_to_is_not()
    {
        OnUnix();
        string target = Write("elsewhere");
        string link = Path.Combine(Directory.CreateDirectory(Path.Combine(_root, "repo")).FullName, TmsConfigFile.FileName);
        File.CreateSymbolicLink(link, target);
        AssertUsed(link);
        AssertRefused(AsRoot(() => Run("chown", "-h", "4711", link)), "id 4711");
    }

    [TestMethod]
    [Timeout(20_000, CooperativeCancellation = true)]
    public void A_pipe_is_not_waited_for()
    {
        OnUnix();
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(_root, "repo")).FullName, TmsConfigFile.FileName);
        Run("mkfifo", path);
        AssertRefused(path, "no regular file");
    }

    [TestMethod]
    public void One_that_the_user_named_is_used_whoever_owns_it()
    {
        string path = AsRoot(() => Change("chown", "4711", Write("repo")));
        using var named = new TemporaryEnvironment(("TMS_CONFIG_FILE", path));
        AssertUsed(path);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_search_ends_with_the_repository(bool isFolder)
    {
        Write(".");
        string repository = Directory.CreateDirectory(Path.Combine(_root, "repo")).FullName;
        string project = Directory.CreateDirectory(Path.Combine(repository, "src", "Tests")).FullName;
        Assert.AreEqual(Path.Combine(_root, TmsConfigFile.FileName), TmsConfigFile.Find(project));
        if (isFolder)
        {
            Directory.CreateDirectory(Path.Combine(repository, ".git"));
        }
        else
        {
            File.WriteAllText(Path.Combine(repository, ".git"), "gitdir: elsewhere");
        }

        Assert.IsNull(TmsConfigFile.Find(project));
        Assert.AreEqual(Write("repo"), TmsConfigFile.Find(project));
    }

    private static void AssertUsed(string path)
    {
        SettingsReader reader = Read(path);
        Assert.AreEqual("", string.Join("\n", reader.Problems.Select(problem => problem.Message)));
        Assert.AreEqual(("https://file.example.com", path, "canary"), (reader.ReadUrl(), reader.ConfigFile, PrivateTokenSource.Read(path)));
    }

    private static void AssertRefused(string path, string reason)
    {
        SettingsReader reader = Read(path);
        SettingProblem problem = reader.Problems.Single();
        Assert.AreEqual("SYNC0002", problem.Diagnostic.Code);
        StringAssert.Contains(problem.Message, path);
        StringAssert.Contains(problem.Message, reason);
        Assert.AreEqual((null, null, null, null), (reader.ReadUrl(), reader.ReadGuid(Setting.ProjectId), reader.ConfigFile, PrivateTokenSource.Read(path)));
    }

    private static SettingsReader Read(string path) => new(Path.GetDirectoryName(path)!, new Dictionary<string, string>(), "{0}");

    private string Write(string folder)
    {
        string path = Path.GetFullPath(Path.Combine(Directory.CreateDirectory(Path.Combine(_root, folder)).FullName, TmsConfigFile.FileName));
        File.WriteAllText(path, Content);
        return path;
    }

    private static string Change(string command, string to, string path)
    {
        OnUnix();
        return Run(command, to, path);
    }

    private static string Run(string command, params string[] arguments)
    {
        using Process process = Process.Start(command, arguments);
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode);
        return arguments[^1];
    }

    private static T AsRoot<T>(Func<T> act)
    {
        if (!OperatingSystem.IsWindows() && Environment.UserName == "root")
        {
            return act();
        }

        Assert.Inconclusive("Only root can give a file to another user.");
        throw new UnreachableException();
    }

    private static void OnUnix()
    {
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            Assert.Inconclusive("Windows has no such permissions; its access control lists are not looked at.");
        }
    }
}
