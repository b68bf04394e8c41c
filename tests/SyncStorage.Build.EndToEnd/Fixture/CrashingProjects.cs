namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>A project of each framework, built once, whose test Mid ends the test host as the environment says. Elsewhere it passes.</summary>
public static class CrashingProjects
{
    private static readonly Lazy<Task<UserFolder>> Building = new(BuildAsync);

    /// <summary>A run of its own: its own results, one of the projects or all.</summary>
    public static async Task<CrashingRun> PrepareAsync(string act)
    {
        UserFolder folder = await Building.Value;
        return new CrashingRun(folder.Path, Path.Combine(folder.Path, $"{act}-{Guid.NewGuid():N}"), act);
    }

    private static async Task<UserFolder> BuildAsync()
    {
        var folder = new UserFolder("crashing");
        folder.Write("Act.cs", """
            using System; using System.Linq; using System.Threading;
            public static class Act
            {
                public static void Now()
                {
                    switch (Environment.GetEnvironmentVariable("ACT"))
                    {
                        case "failfast": Environment.FailFast("as told"); break;
                        case "exit": Environment.Exit(3); break;
                        case "overflow": Deeper(1); break;
                        case "hang": System.IO.File.WriteAllText(Environment.GetEnvironmentVariable("MARK")!, Environment.ProcessId.ToString()); Thread.Sleep(120000); break;
                    }
                }

                /// <summary>xUnit tells of its tests on a thread of its own: a host that ends at once may not have told that the test began.</summary>
                public static void AfterToldOf(string test)
                {
                    string told = $".{test}\"";
                    string results = Environment.GetEnvironmentVariable("SyncStorageDirectory")!;
                    SpinWait.SpinUntil(() => { Thread.Sleep(10); return System.IO.Directory.GetFiles(results, "*.jsonl", System.IO.SearchOption.AllDirectories)
                        .Any(file => file.Contains("mail") && Text(file).Contains(told)); }, 20000);
                    Now();
                }

                private static string Text(string file)
                {
                    using var stream = new System.IO.FileStream(file, System.IO.FileMode.Open, System.IO.FileAccess.Read, System.IO.FileShare.ReadWrite | System.IO.FileShare.Delete);
                    return new System.IO.StreamReader(stream).ReadToEnd();
                }

                private static int Deeper(int n) => n == 0 ? 0 : Deeper(n + 1) + Deeper(n + 2);
            }
            """);
        Add(folder, "Mst", """<PackageReference Include="MSTest.TestAdapter" Version="4.5.3" /><PackageReference Include="MSTest.TestFramework" Version="4.5.3" /><PackageReference Include="coverlet.collector" Version="8.0.1" />""", """
            using Microsoft.VisualStudio.TestTools.UnitTesting;
            [TestClass] public class Tests
            {
                [TestMethod] public void A() {}
                [TestMethod, DataRow(1), DataRow(2)] public void B(int n) => Assert.AreEqual(1, n);
                [TestMethod, Ignore("later")] public void C() {}
                [TestMethod] public void Mid() => Act.Now();
                [TestMethod] public void Z() {}
            }
            """);
        Add(folder, "Nun", """<PackageReference Include="NUnit" Version="5.0.0" /><PackageReference Include="NUnit3TestAdapter" Version="6.3.1" />""", """
            using NUnit.Framework;
            public class Tests
            {
                [Test] public void A() {}
                [TestCase(1), TestCase(2)] public void B(int n) => Assert.That(n, Is.EqualTo(1));
                [Test, Ignore("later")] public void C() {}
                [Test, Explicit] public void E() {}
                [Test] public void Mid() => Act.Now();
                [Test] public void Z() {}
            }
            """);
        Add(folder, "Xun", """<PackageReference Include="xunit" Version="2.9.3" /><PackageReference Include="xunit.runner.visualstudio" Version="4.0.1" />""", """
            using System.Collections.Generic; using Xunit;
            public class Tests
            {
                public static IEnumerable<object[]> Odd => new[] { new object[] { new object() }, new object[] { new object() } };
                [Fact] public void A() {}
                [Theory, InlineData(1), InlineData(2)] public void B(int n) => Assert.Equal(1, n);
                [Theory, MemberData(nameof(Odd))] public void Folded(object o) => Assert.NotNull(o);
                [Fact] public void Mid() => Act.AfterToldOf("Mid");
                [Fact] public void Z() {}
            }
            """);
        folder.WithSolution();
        CommandResult built = await folder.DotnetAsync("build", "All.slnx", "-v", "q");
        Assert.AreEqual(0, built.ExitCode, built.Output);
        return folder;
    }

    private static void Add(UserFolder folder, string name, string packages, string tests)
    {
        folder.Write($"{name}/{name}.csproj", Projects.Project(packages, items: """<Compile Include="../Act.cs" />"""));
        folder.Write($"{name}/Tests.cs", tests);
    }
}

/// <summary>One `dotnet test` of <see cref="CrashingProjects"/>.</summary>
public sealed class CrashingRun(string folder, string results, string act)
{
    public Dictionary<string, string?> Environment { get; } = new() { ["ACT"] = act, ["MARK"] = results + ".mark", ["SyncStorageDirectory"] = results };

    public Report Report => Report.Read(Directory.EnumerateFiles(results, "report.json", SearchOption.AllDirectories).Single());

    public bool HasServer => Processes.AnyServerOf(results);

    public int Server => Processes.ServersOf(results).Single();

    public Command Start(params string[] arguments) => Command.Start(folder, ["test", "--no-build", .. arguments], Environment);

    public async Task<CommandResult> RunAsync(params string[] arguments)
    {
        using Command test = Start(arguments);
        return await test.WaitAsync();
    }

    /// <returns>The test host, which sits in the hanging test.</returns>
    public async Task<int> UntilHangingAsync(Command test)
    {
        string mark = Environment["MARK"]!;
        await Wait.UntilAsync(() => File.Exists(mark) && new FileInfo(mark).Length > 0, TimeSpan.FromSeconds(90), () => test.Output);
        return int.Parse(await File.ReadAllTextAsync(mark), System.Globalization.CultureInfo.InvariantCulture);
    }
}
