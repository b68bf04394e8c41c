namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>A user's folder outside the repository: projects, settings, and what `dotnet test` left there.</summary>
public sealed class UserFolder : IDisposable
{
    private bool _kept = true;

    public UserFolder(string? name = null)
    {
        Path = Directory.CreateDirectory(System.IO.Path.Combine(Packages.Root, (name ?? "user") + "-" + Guid.NewGuid().ToString("N")[..8])).FullName;
        Write("Directory.Build.props", $"""
            <Project>
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <NuGetAudit>false</NuGetAudit>
                <SyncStorageEnabled>true</SyncStorageEnabled>
                <SyncStoragePort>0</SyncStoragePort>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="SyncStorage.Build" Version="{Packages.Version}" />
                <PackageReference Include="Microsoft.NET.Test.Sdk" Version="18.11.0" />
              </ItemGroup>
            </Project>
            """);
    }

    public static bool AnyKept { get; private set; }

    public string Path { get; }

    /// <summary>Something failed: what it left is kept.</summary>
    public static void KeepAll() => AnyKept = true;

    /// <summary>Environment of every command in this folder; private temporary folder, so that what is left behind can be told.</summary>
    public Dictionary<string, string?> Environment { get; } = [];

    public IReadOnlyList<Report> Reports => Directory.EnumerateFiles(Path, "report.json", SearchOption.AllDirectories).Order().Select(Fixture.Report.Read).ToList();

    public Report Report => Reports.Count == 1 ? Reports[0] : throw new AssertFailedException($"{Reports.Count} reports below {Path}");

    public void Write(string file, string content)
    {
        string path = System.IO.Path.Combine(Path, file);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }

    public Command Start(params string[] arguments) => Command.Start(Path, arguments, Environment);

    public Task<CommandResult> DotnetAsync(params string[] arguments) => Command.RunAsync(Path, arguments, Environment);

    public Task<CommandResult> TestAsync(params string[] arguments) => DotnetAsync(["test", .. arguments]);

    /// <summary>Call at the end of a test that passed; a failed one keeps its folder for whoever looks into it.</summary>
    public void Passed() => _kept = false;

    public void Dispose()
    {
        if (_kept)
        {
            AnyKept = true;
        }
        else
        {
            Folders.Remove(Path);
        }
    }
}
