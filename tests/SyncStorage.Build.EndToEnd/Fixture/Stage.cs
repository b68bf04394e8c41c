using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using TestItStandIn;
using TestRun = TestItStandIn.TestRun;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>A trial with a Test IT and whatever else a fault needs around it.</summary>
public sealed class Stage : IAsyncDisposable
{
    /// <summary>Seconds; small, because many faults cost all of it.</summary>
    public const int CompletionTimeout = 6;

    private readonly List<IDisposable> _others = [];

    private Stage(TestItServer testIt)
    {
        TestIt = testIt;
        Run = Trial.Publish(testIt);
        Trial.Environment["SyncStorageCompletionTimeout"] = CompletionTimeout.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    public Trial Trial { get; } = new();

    public TestItServer TestIt { get; }

    public TestRun Run { get; }

    /// <summary>More arguments of `dotnet test`.</summary>
    public List<string> Arguments { get; } = [];

    public static async Task<Stage> SetAsync() => new(await TestItServer.StartAsync());

    /// <summary>Lets the program live for as long as the stage.</summary>
    public T With<T>(T other)
        where T : IDisposable
    {
        _others.Add(other);
        return other;
    }

    /// <summary>Runs with this package instead of the one that was restored.</summary>
    public void UsePackage(Action<string> damage)
    {
        string copy = Path.Combine(Trial.Folder, "package");
        foreach (string file in Directory.GetFiles(Packages.Unpacked, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) != ".nupkg"))
        {
            string target = Path.Combine(copy, Path.GetRelativePath(Packages.Unpacked, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        damage(copy);
        Trial.Environment["SyncStoragePackageRoot"] = copy + "/";
    }

    public async ValueTask DisposeAsync()
    {
        Trial.Dispose();
        _others.ForEach(other => other.Dispose());
        await TestIt.DisposeAsync();
    }
}
