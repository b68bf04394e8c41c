using System;
using System.Reflection;
using Microsoft.VisualStudio.TestPlatform.ObjectModel;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.Client;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.DataCollection;
using SyncStorage.Collector;
using SyncStorage.TestLogger;

namespace SyncStorage.Guests.Tests;

/// <summary>What VSTest looks for when it loads extensions; nothing else tells us when it is missing.</summary>
[TestClass]
public sealed class LoadingTests
{
    [TestMethod]
    public void VSTest_finds_the_collector()
    {
        Type collector = typeof(SyncStorageCollector);
        StringAssert.EndsWith(collector.Assembly.Location, "Collector.dll");
        Assert.IsTrue(collector.IsPublic && typeof(DataCollector).IsAssignableFrom(collector) && collector.GetConstructor([]) is not null);
        Assert.AreEqual("SyncStorage", collector.GetCustomAttribute<DataCollectorFriendlyNameAttribute>()!.FriendlyName);
        Assert.AreEqual("datacollector://SyncStorage/v1", collector.GetCustomAttribute<DataCollectorTypeUriAttribute>()!.TypeUri);
    }

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
