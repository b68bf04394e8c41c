using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;
using TestItStandIn;

namespace SyncStorage.Server.Tests.TestIt;

/// <summary>To whom the token goes.</summary>
[TestClass]
public sealed class ConnectionTests
{
    private const string Token = "canary-token-4711";

    [TestMethod]
    public async Task A_redirect_is_not_followed()
    {
        await using TestItServer testIt = await TestItServer.StartAsync(new TestItOptions { Token = Token });
        await using TestItServer elsewhere = await TestItServer.StartAsync(new TestItOptions { Token = Token });
        TestItStandIn.TestRun run = elsewhere.AddRun();
        testIt.Faults.AnswerInstead = context =>
        {
            context.Response.Redirect(elsewhere.Url + context.Request.Path);
            return Task.FromResult(true);
        };
        using var client = TestItClient.For(new RunSettings { Url = testIt.Url }, Token, PublisherFixture.Quick with { Retries = 1 }, TimeProvider.System);

        TestItException e = await Assert.ThrowsAsync<TestItException>(() => client.GetRunAsync(run.Id, CancellationToken.None));

        StringAssert.Contains(e.Message, "redirects to " + elsewhere.Url);
        Assert.IsEmpty(elsewhere.Requests);
    }
}
