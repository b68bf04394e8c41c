namespace SyncStorage.Build.Tests;

[TestClass]
public sealed class InvocationTests
{
    [TestMethod]
    public void The_correlation_id_names_the_invocation_and_its_process()
    {
        Invocation invocation = Invocation.Of("4711_0f8fad5b-d9cb-469f-a165-70867728950e", "/home/user");

        Assert.AreEqual(4711, invocation.ProcessId);
        Assert.AreEqual(invocation, Invocation.Of("4711_0f8fad5b-d9cb-469f-a165-70867728950e", "/elsewhere"));
    }

    [TestMethod]
    public void Two_calls_differ()
        => Assert.AreNotEqual(Invocation.Of("4711_a", "/home/user").Key, Invocation.Of("4711_b", "/home/user").Key);

    [TestMethod]
    public void Without_a_correlation_id_the_folder_stands_in_and_no_process_is_known()
    {
        Invocation invocation = Invocation.Of("", "/home/user");

        Assert.IsNull(invocation.ProcessId);
        Assert.AreEqual(invocation, Invocation.Of("", "/home/user"));
        Assert.AreNotEqual(invocation, Invocation.Of("", "/home/other"));
    }

    [TestMethod]
    public void An_unknown_form_of_the_correlation_id_still_is_a_key()
        => Assert.IsNull(Invocation.Of("no-process-in-here", "/home/user").ProcessId);
}
