using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SyncStorage.Results;

namespace SyncStorage.Guests.Tests;

[TestClass]
public sealed class TestIdentityTests
{
    private const string MSTest = "executor://mstestadapter/v4";
    private const string NUnit = "executor://nunit3testexecutor/";
    private const string XunitV2 = "executor://xunit/VsTestRunner2/netcoreapp";
    private const string XunitV3 = "executor://xunit/VsTestRunner3/netcore/";

    [TestMethod]
    [DataRow(MSTest, "N.C.Adds", "N.C.Adds", "Adds", "C", "N")]
    [DataRow(MSTest, "A.B.Outer+Inner.Adds", "A.B.Outer+Inner.Adds", "Adds", "Outer+Inner", "A.B")]
    [DataRow(MSTest, "C.Adds", "C.Adds", "Adds", "C", "")]
    [DataRow(MSTest, "N.C.adds (two) numbers", "N.C.adds ", "adds ", "C", "N")]
    [DataRow(NUnit, "N.C.Adds(1,2.5)", "N.C.Adds", "Adds", "C", "N")]
    [DataRow(NUnit, "N.C.Adds(\"a).b(c\")", "N.C.Adds", "Adds", "C", "N")]
    [DataRow(NUnit, "N.F(\"a\").Adds", "N.F.Adds", "Adds", "F", "N")]
    [DataRow(NUnit, "N.F(\"a).b(\",'(').Adds(1)", "N.F.Adds", "Adds", "F", "N")]
    [DataRow(NUnit, "N.F(\"a\\\").b\").Adds(\"x\")", "N.F.Adds", "Adds", "F", "N")]
    [DataRow(NUnit, "N.Generic<Int32>(5).Adds", "N.Generic<Int32>.Adds", "Adds", "Generic<Int32>", "N")]
    [DataRow(NUnit, "N.C.Broken(\"a", "N.C.Broken", "Broken", "C", "N")]
    [DataRow("executor://somebody/else", "N.C.Adds(1)", "N.C.Adds", "Adds", "C", "N")]
    [DataRow("", "Adds", "Adds", "Adds", "", "")]
    public void A_method_has_the_number_that_the_official_adapter_gives_it(
        string executor, string fullyQualifiedName, string hashed, string name, string className, string nameSpace)
    {
        TestIdentity identity = Of(executor, fullyQualifiedName, "anything");

        uint number = BinaryPrimitives.ReadUInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(hashed)));
        Assert.AreEqual(new TestIdentity(number.ToString(CultureInfo.InvariantCulture), name, className, nameSpace), identity);
    }

    [TestMethod]
    [DataRow("N.C.Adds", "N.C.Adds", "N.C.Adds", "Adds")]
    [DataRow("N.C.Adds", "N.C.Adds(x: 1, y: 2)", "N.C.Adds(x: 1, y: 2)", "Adds(x: 1, y: 2)")]
    [DataRow("N.C.Adds", "N.C.Adds(x: 1.5)", "N.C.5)", "Adds(x: 1.5)")]
    [DataRow("N.C.Adds", "Adds. Twice", "N.C. Twice", "Adds. Twice")]
    [DataRow("N.C.Adds", "Adds twice", "N.C.Adds twice", "Adds twice")]
    public void An_xunit_test_case_has_the_hash_that_the_official_adapter_gives_it(
        string fullyQualifiedName, string displayName, string hashed, string name)
    {
        var expected = new TestIdentity(Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(hashed))), name, "C", "N");

        Assert.AreEqual(expected, Of(XunitV2, fullyQualifiedName, displayName));
        Assert.AreEqual(expected, Of(XunitV3, fullyQualifiedName, displayName));
    }

    [TestMethod]
    public void The_ids_are_the_ones_that_are_in_peoples_projects_already()
    {
        // Computed outside of this code base: printf 'N.C.Adds' | sha256sum
        Assert.AreEqual("1845608936", Of(MSTest, "N.C.Adds", "Adds").ExternalId);
        Assert.AreEqual("E8C1016EEF1D809D79D30A35E1208B7FF92E6D9862CA79571FB702B4D80A340B", Of(XunitV3, "N.C.Adds", "N.C.Adds").ExternalId);
    }

    [TestMethod]
    public void The_framework_knows_better_than_dots_where_the_class_ends()
    {
        TestIdentity identity = TestIdentity.Of(XunitV3, "N.C.adds. Twice", "N.C.adds. Twice", "N.C", [], "Official");

        Assert.AreEqual(("adds. Twice", "C", "N"), (identity.Name, identity.ClassName, identity.Namespace));
    }

    [TestMethod]
    [DataRow(MSTest, "N.C.Adds")]
    [DataRow(NUnit, "N.F(\"a\").Adds(1)")]
    [DataRow(XunitV3, "N.C.Adds")]
    public void The_fully_qualified_name_can_be_the_id(string executor, string fullyQualifiedName)
        => Assert.AreEqual(
            fullyQualifiedName,
            TestIdentity.Of(executor, fullyQualifiedName, "shown", null, [], TestIdentity.FullyQualifiedNameScheme).ExternalId);

    [TestMethod]
    [DataRow("Official", "externalid", "login-1", false)]
    [DataRow("FullyQualifiedName", "ExternalId", "login-{user}", true)]
    public void An_id_of_the_users_own_wins(string scheme, string trait, string value, bool template)
    {
        ResultTrait[] traits = [new() { Name = "ExternalId", Value = " " }, new() { Name = trait, Value = " " + value + " " }];

        TestIdentity identity = TestIdentity.Of(XunitV3, "N.C.Adds", "N.C.Adds", null, traits, scheme);

        Assert.AreEqual((value, true, template), (identity.ExternalId, identity.IsExplicit, identity.IsTemplate));
    }

    [TestMethod]
    public void Collector_and_logger_come_to_the_same_id()
    {
        var result = new ObservedResult
        {
            ExecutorUri = XunitV3,
            FullyQualifiedName = "N.C.Adds",
            TestCaseDisplayName = "N.C.Adds(x: 1)",
            DisplayName = "N.C.Adds(x: 1) [row 3]",
        };

        Assert.AreEqual(Of(XunitV3, "N.C.Adds", "N.C.Adds(x: 1)"), TestIdentity.Of(result, "Official"));
    }

    private static TestIdentity Of(string executor, string fullyQualifiedName, string displayName)
        => TestIdentity.Of(executor, fullyQualifiedName, displayName, null, [], "Official");
}
