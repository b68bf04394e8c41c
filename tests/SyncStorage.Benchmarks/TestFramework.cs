namespace SyncStorage.Benchmarks;

/// <summary>A framework, and how a project of so many passing tests looks in it.</summary>
internal sealed record TestFramework(string Name, string Packages, string Head, string Test)
{
    public static TestFramework MSTest { get; } = new(
        "MSTest",
        """<PackageReference Include="MSTest.TestFramework" Version="4.5.3" /><PackageReference Include="MSTest.TestAdapter" Version="4.5.3" />""",
        "using Microsoft.VisualStudio.TestTools.UnitTesting; [TestClass]",
        "[TestMethod]");

    public static TestFramework Xunit { get; } = new(
        "xUnit",
        """<PackageReference Include="xunit" Version="2.9.3" /><PackageReference Include="xunit.runner.visualstudio" Version="4.0.1" />""",
        "using Xunit;",
        "[Fact]");

    /// <returns>Path of the project.</returns>
    public string Write(string folder, string name, int tests)
    {
        string project = Path.Combine(folder, name, name + ".csproj");
        Directory.CreateDirectory(Path.GetDirectoryName(project)!);
        File.WriteAllText(project, $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <NuGetAudit>false</NuGetAudit>
                <!-- With a thread per processor, xUnit's discovery now and then waits 750 ms for another one, whatever is attached. -->
                <ThreadPoolMinThreads>8</ThreadPoolMinThreads>
                <SyncStoragePackageRoot>{Repository.Stage}/</SyncStoragePackageRoot>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Microsoft.NET.Test.Sdk" Version="18.11.0" />
                {Packages}
              </ItemGroup>
              <Import Project="{Repository.Root}/build/SyncStorage.Build.props" />
              <Import Project="{Repository.Root}/build/SyncStorage.Build.targets" />
            </Project>
            """);
        string methods = string.Concat(Enumerable.Range(0, tests).Select(i => $"{Test} public void T{i}() {{}} "));
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(project)!, "Tests.cs"), $"{Head} public class Tests {{ {methods} }}");
        return project;
    }

    public override string ToString() => Name;
}
