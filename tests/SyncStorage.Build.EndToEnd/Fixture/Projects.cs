namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>The test projects of our users, one a framework, small and with known results.</summary>
public static class Projects
{
    private const string MSTestPackages = """
        <PackageReference Include="MSTest.TestAdapter" Version="4.5.3" />
        <PackageReference Include="MSTest.TestFramework" Version="4.5.3" />
        """;

    /// <summary>3 results by default: 2 passed, 1 skipped.</summary>
    public static UserFolder WithMSTest(this UserFolder folder, string name = "Unit", string body = "", string properties = "", string packages = "")
    {
        folder.Write($"{name}/{name}.csproj", Project(MSTestPackages + packages, properties));
        folder.Write($"{name}/Tests.cs", $$"""
            using System; using System.Threading; using Microsoft.VisualStudio.TestTools.UnitTesting;
            namespace {{name}};
            [TestClass] public class Tests
            {
                [TestMethod] public void One() {}
                [TestMethod] public void Two() {}
                [TestMethod, Ignore("later")] public void Three() {}
                {{body}}
            }
            """);
        return folder;
    }

    /// <summary>6 results: 4 passed, 2 skipped (ignored, inconclusive); [Explicit] is reported by the adapter as skipped, too, where it reports it.</summary>
    public static UserFolder WithNUnit(this UserFolder folder, string name = "NunitTests")
    {
        folder.Write($"{name}/{name}.csproj", Project("""
            <PackageReference Include="NUnit" Version="5.0.0" />
            <PackageReference Include="NUnit3TestAdapter" Version="6.3.1" />
            """));
        folder.Write($"{name}/Tests.cs", $$"""
            using NUnit.Framework;
            namespace {{name}};
            public class Tests
            {
                [Test] public void One() {}
                [TestCase(1)] [TestCase(2)] [TestCase(3)] public void Rows(int n) => Assert.That(n, Is.GreaterThan(0));
                [Test, Ignore("later")] public void Ignored() {}
                [Test] public void Unclear() => Assert.Inconclusive("no verdict");
            }
            """);
        return folder;
    }

    /// <summary>4 results: 3 passed, 1 skipped.</summary>
    public static UserFolder WithXunit(this UserFolder folder, string name = "Xunit2")
    {
        folder.Write($"{name}/{name}.csproj", Project("""
            <PackageReference Include="xunit" Version="2.9.3" />
            <PackageReference Include="xunit.runner.visualstudio" Version="4.0.1" />
            """));
        folder.Write($"{name}/Tests.cs", Xunit(name));
        return folder;
    }

    /// <summary>4 results: 3 passed, 1 skipped.</summary>
    public static UserFolder WithXunitV3(this UserFolder folder, string name = "Xunit3")
    {
        folder.Write($"{name}/{name}.csproj", Project("""
            <PackageReference Include="xunit.v3.mtp-off" Version="4.0.2" />
            <PackageReference Include="xunit.runner.visualstudio" Version="4.0.1" />
            """, "<OutputType>Exe</OutputType>"));
        folder.Write($"{name}/Tests.cs", Xunit(name));
        return folder;
    }

    /// <summary>1 result: passed.</summary>
    public static UserFolder WithFSharp(this UserFolder folder, string name = "Fsharp")
    {
        folder.Write($"{name}/{name}.fsproj", Project(MSTestPackages, items: """<Compile Include="Tests.fs" />"""));
        folder.Write($"{name}/Tests.fs", $$"""
            namespace {{name}}
            open Microsoft.VisualStudio.TestTools.UnitTesting
            [<TestClass>]
            type Tests() =
                [<TestMethod>]
                member _.``Adds two numbers``() = Assert.AreEqual(4, 2 + 2)
            """);
        return folder;
    }

    /// <summary>1 result: passed.</summary>
    public static UserFolder WithVisualBasic(this UserFolder folder, string name = "Vb")
    {
        folder.Write($"{name}/{name}.vbproj", Project(MSTestPackages));
        folder.Write($"{name}/Tests.vb", """
            Imports Microsoft.VisualStudio.TestTools.UnitTesting
            <TestClass> Public Class Tests
                <TestMethod> Public Sub Adds()
                    Assert.AreEqual(4, 2 + 2)
                End Sub
            End Class
            """);
        return folder;
    }

    /// <summary>A test adapter that is its own test container; its tests are those of <see cref="OddTests"/>.</summary>
    public static UserFolder WithAdapterOfOddTests(this UserFolder folder, int seed, int count)
    {
        folder.Write("Odd.TestAdapter/Odd.TestAdapter.csproj", Project("", "<Nullable>enable</Nullable><ImplicitUsings>enable</ImplicitUsings>"));
        folder.Write("Odd.TestAdapter/OddTests.cs", System.IO.File.ReadAllText(System.IO.Path.Combine(Packages.RepositoryRoot, "tests", "Shared", "Odd", "OddTests.cs")));
        folder.Write("Odd.TestAdapter/Adapter.cs", $$"""
            using System; using System.Collections.Generic; using System.Linq;
            using Microsoft.VisualStudio.TestPlatform.ObjectModel;
            using Microsoft.VisualStudio.TestPlatform.ObjectModel.Adapter;
            using Microsoft.VisualStudio.TestPlatform.ObjectModel.Logging;
            using SyncStorage.Testing;

            [FileExtension(".dll"), DefaultExecutorUri(Id), ExtensionUri(Id)]
            public sealed class Adapter : ITestDiscoverer, ITestExecutor
            {
                private const string Id = "executor://odd/v1";

                private static IEnumerable<TestResult> All()
                {
                    var random = new Random({{seed}});
                    return Enumerable.Range(0, {{count}}).Select(i => OddTests.Next(random, i));
                }

                public void DiscoverTests(IEnumerable<string> sources, IDiscoveryContext context, IMessageLogger logger, ITestCaseDiscoverySink sink)
                {
                    foreach (TestResult result in All()) sink.SendTestCase(result.TestCase);
                }

                public void RunTests(IEnumerable<TestCase>? tests, IRunContext? context, IFrameworkHandle? host) => RunTests([""], context, host);

                public void RunTests(IEnumerable<string>? sources, IRunContext? context, IFrameworkHandle? host)
                {
                    foreach (TestResult result in All())
                    {
                        host!.RecordStart(result.TestCase);
                        host.RecordEnd(result.TestCase, result.Outcome);
                        host.RecordResult(result);
                    }
                }

                public void Cancel() {}
            }
            """);
        return folder;
    }

    /// <summary>Writes a solution over all projects of the folder.</summary>
    public static UserFolder WithSolution(this UserFolder folder)
    {
        var projects = string.Join("\n", System.Linq.Enumerable.Select(
            System.IO.Directory.EnumerateFiles(folder.Path, "*.*proj", System.IO.SearchOption.AllDirectories),
            path => $"""  <Project Path="{System.IO.Path.GetRelativePath(folder.Path, path)}" />"""));
        folder.Write("All.slnx", $"<Solution>\n{projects}\n</Solution>\n");
        return folder;
    }

    /// <summary>sync.runsettings, for runs without MSBuild.</summary>
    public static void WithHandWrittenSettings(this UserFolder folder)
        => folder.Write("sync.runsettings", $"""
            <RunSettings>
              <InProcDataCollectionRunSettings><InProcDataCollectors>
                <InProcDataCollector friendlyName="SyncStorage" uri="InProcDataCollector://SyncStorage/v1" codebase="{System.IO.Path.Combine(Packages.Unpacked, "collector", "SyncStorage.Collector.dll")}"
                  assemblyQualifiedName="SyncStorage.Collector.SyncStorageCollector, SyncStorage.Collector, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null">
                  <Configuration><TestRunId>by-hand</TestRunId></Configuration>
                </InProcDataCollector>
              </InProcDataCollectors></InProcDataCollectionRunSettings>
              <LoggerRunSettings><Loggers>
                <Logger friendlyName="SyncStorage" uri="logger://SyncStorage/v1" enabled="true"><Configuration><Port>0</Port></Configuration></Logger>
              </Loggers></LoggerRunSettings>
            </RunSettings>
            """);

    internal static string Project(string packages, string properties = "", string items = "") => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>{properties}</PropertyGroup>
          <ItemGroup>{packages}{items}</ItemGroup>
        </Project>
        """;

    private static string Xunit(string name) => $$"""
        using Xunit;
        namespace {{name}};
        public class Tests
        {
            [Fact] public void One() {}
            [Theory] [InlineData(1)] [InlineData(2)] public void Rows(int n) => Assert.True(n > 0);
            [Fact(Skip = "later")] public void Skipped() {}
        }
        """;
}
