namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>
/// Projects full of results that are easily taken for each other: rows whose display names are equal, projects whose assemblies are, failures
/// beside a test's own result. Built once.
/// </summary>
public static class LikeNamed
{
    /// <summary>Without ToString: every framework shows both rows by the type's name.</summary>
    private const string Order = "public class Order { private readonly int _total; public Order(int total) { _total = total; } public bool IsPaid() { return _total > 0; } }";

    private static readonly Lazy<Task<string>> Building = new(BuildAsync);

    public static Task<string> FolderAsync() => Building.Value;

    private static async Task<string> BuildAsync()
    {
        var folder = new UserFolder("like-named");
        folder.WithMSTest("Ms", $$"""
            public static System.Collections.Generic.IEnumerable<object[]> Orders => new[] { new object[] { new Order(-1) }, new object[] { new Order(5) } };
            [TestMethod, DynamicData(nameof(Orders))] public void MsPays(Order order) => Assert.IsTrue(order.IsPaid());
            [TestMethod, Timeout(300)] public void MsHangs() => Thread.Sleep(60000);
            [AssemblyCleanup] public static void Ends() => throw new InvalidOperationException("the end fails");
            """);
        folder.Write("Ms/Order.cs", $$"""
            using System; using Microsoft.VisualStudio.TestTools.UnitTesting;
            namespace Ms;
            {{Order}}
            [TestClass] public class Unprepared
            {
                [ClassInitialize] public static void Begins(TestContext context) => throw new InvalidOperationException("the beginning fails");
                [TestMethod] public void MsNeverRuns() {}
            }
            """);
        folder.WithNUnit("Nu");
        folder.Write("Nu/Orders.cs", $$"""
            using NUnit.Framework;
            namespace Nu;
            {{Order}}
            public class Orders
            {
                private static readonly Order[] All = { new(-1), new(5) };
                [TestCaseSource(nameof(All))] public void NuPays(Order order) => Assert.That(order.IsPaid());
                [Test, Retry(3)] public void NuFlaky() => Assert.That(++_tries, Is.GreaterThan(1));
                private static int _tries;
                [OneTimeTearDown] public void Ends() => Assert.Fail("the end fails");
            }
            [TestFixture("chrome")] [TestFixture("firefox")] public class Browsers
            {
                private readonly string _browser;
                public Browsers(string browser) { _browser = browser; }
                [Test] public void NuOpens() => Assert.That(_browser, Is.EqualTo("chrome"));
            }
            """);
        folder.WithXunit("X2").WithXunitV3("X3");
        foreach (string name in (string[])["X2", "X3"])
        {
            // Discovered one by one, xUnit itself runs equal rows once; v2 has no other way for data that can be discovered.
            string unfolded = name == "X3" ? "Theory(DisableDiscoveryEnumeration = true)" : "Theory";
            folder.Write($"{name}/Orders.cs", $$"""
                using System.Collections.Generic;
                using Xunit;
                namespace {{name}};
                {{Order}}
                public class Orders
                {
                    public static IEnumerable<object[]> All => new[] { new object[] { new Order(-1) }, new object[] { new Order(5) } };
                    [Theory, MemberData(nameof(All))] public void {{name}}Pays(Order order) => Assert.True(order.IsPaid());
                    private static int _times;
                    [{{unfolded}}] [InlineData(1)] [InlineData(1)] public void {{name}}Twice(int n) => Assert.True(n > 0 && System.Threading.Interlocked.Increment(ref _times) > 1);
                    [Theory(DisplayName = "Order is paid")] [InlineData("card", 1)] [InlineData("cash", 0)] [Trait("ExternalId", "{{name}}-pay-{how}")]
                    public void Pays(string how, int n) => Assert.True(n > 0 && how.Length > 0);
                    [Theory(DisplayName = "Order is sent")] [InlineData("air")] [InlineData("sea")] [Trait("ExternalId", "{{name}}-send-{what}")]
                    public void Sends(string how) => Assert.Equal("air", how);
                }
                """);
        }

        folder.WithFSharp("Fs");
        folder.Write("Fs/Tests.fs", """
            namespace Fs
            open Microsoft.VisualStudio.TestTools.UnitTesting
            type Order(total: int) =
                member _.IsPaid() = total > 0
            [<TestClass>]
            type Tests() =
                static member Orders = [| [| box (Order(-1)) |]; [| box (Order(5)) |] |]
                [<TestMethod; DynamicData("Orders")>]
                member _.``Fs pays``(order: Order) = Assert.IsTrue(order.IsPaid())
            """);
        folder.WithVisualBasic("Vb");
        folder.Write("Vb/Tests.vb", """
            Imports System.Collections.Generic
            Imports Microsoft.VisualStudio.TestTools.UnitTesting
            Public Class Order
                Private ReadOnly _total As Integer
                Public Sub New(total As Integer)
                    _total = total
                End Sub
                Public Function IsPaid() As Boolean
                    Return _total > 0
                End Function
            End Class
            <TestClass> Public Class Tests
                Public Shared ReadOnly Property Orders As IEnumerable(Of Object())
                    Get
                        Return {New Object() {New Order(-1)}, New Object() {New Order(5)}}
                    End Get
                End Property
                <TestMethod, DynamicData("Orders")> Public Sub VbPays(order As Order)
                    Assert.IsTrue(order.IsPaid())
                End Sub
            End Class
            """);
        foreach ((string name, string condition) in new[] { ("Alpha", "true"), ("Beta", "false") })
        {
            folder.WithMSTest(name, properties: "<AssemblyName>Same</AssemblyName>");
            folder.Write($"{name}/Tests.cs", $$"""
                using Microsoft.VisualStudio.TestTools.UnitTesting;
                namespace Same;
                [TestClass] public class Tests { [TestMethod] public void SamePasses() => Assert.IsTrue({{condition}}); }
                """);
        }

        folder.WithMSTest("Several", properties: "<TargetFramework></TargetFramework><TargetFrameworks>net8.0;net10.0</TargetFrameworks><RollForward>Major</RollForward>");
        folder.Write("Several/Tests.cs", """
            using Microsoft.VisualStudio.TestTools.UnitTesting;
            namespace Several;
            [TestClass] public class Tests
            {
            #if NET8_0
                private const bool Fails = true;
            #else
                private const bool Fails = false;
            #endif
                [TestMethod] public void SeveralPass() => Assert.IsFalse(Fails);
                [TestMethod, DataRow(1)] public void SeveralRows(int n) => Assert.AreEqual(Fails, n == 1);
            }
            """);
        folder.WithSolution();
        CommandResult built = await folder.DotnetAsync("build", "All.slnx", "-v", "q");
        Assert.AreEqual(0, built.ExitCode, built.Output);
        return folder.Path;
    }
}
