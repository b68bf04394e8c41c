using System.Reflection;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.Client;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.InProcDataCollector;
using SyncStorage.Collector;
using SyncStorage.TestLogger;

namespace SyncStorage.Guests.Tests;

/// <summary>What VSTest looks for when it loads extensions; nothing else tells us when it is missing.</summary>
[TestClass]
public sealed class LoadingTests
{
    /// <summary>By its whole name: a hand-written .runsettings, and the one that the targets write, hold this text.</summary>
    [TestMethod]
    public void A_test_host_finds_the_collector()
    {
        Type collector = typeof(SyncStorageCollector);
        Assert.AreEqual("SyncStorage.Collector.SyncStorageCollector, SyncStorage.Collector, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null", collector.AssemblyQualifiedName);
        Assert.IsTrue(collector.IsPublic && typeof(InProcDataCollection).IsAssignableFrom(collector) && collector.GetConstructor([]) is not null);
    }

    /// <summary>It runs in the user's own process, beside whatever versions he has of everything.</summary>
    [TestMethod]
    public void The_collector_needs_nothing_but_the_host()
        => CollectionAssert.AreEquivalent(
            new[] { "netstandard", "Microsoft.VisualStudio.TestPlatform.ObjectModel" },
            typeof(SyncStorageCollector).Assembly.GetReferencedAssemblies().Select(reference => reference.Name).ToArray());

    [TestMethod]
    public void VSTest_finds_the_logger()
    {
        Type logger = typeof(SyncStorageTestLogger);
        StringAssert.EndsWith(logger.Assembly.Location, "TestLogger.dll");
        Assert.IsTrue(logger.IsPublic && typeof(ITestLoggerWithParameters).IsAssignableFrom(logger) && logger.GetConstructor([]) is not null);
        Assert.AreEqual("SyncStorage", logger.GetCustomAttribute<FriendlyNameAttribute>()!.FriendlyName);
        Assert.AreEqual("logger://SyncStorage/v1", logger.GetCustomAttribute<ExtensionUriAttribute>()!.ExtensionUri);
    }
}
