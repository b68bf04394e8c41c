using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using SyncStorage.Server.TestIt.Api;
using TestItStandIn;

namespace SyncStorage.Server.Tests.TestIt;

/// <summary>To whom the token goes.</summary>
[TestClass]
public sealed class ConnectionTests
{
    private const string Token = "canary-token-4711";

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task A_certificate_that_nobody_vouches_for_is_refused_unless_the_user_says_otherwise(bool certValidation)
    {
        using var key = RSA.Create(2048);
        using X509Certificate2 self = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(self.Export(X509ContentType.Pfx), null);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var received = new MemoryStream();
        Task serving = ServeAsync(listener, certificate, received);

        using var client = new TestItClient($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", Token, certValidation, PublisherFixture.Quick with { Retries = 1 }, TimeProvider.System);
        if (certValidation)
        {
            await Assert.ThrowsAsync<TestItException>(() => client.GetRunAsync("x", CancellationToken.None));
        }
        else
        {
            Assert.AreEqual("x", (await client.GetRunAsync("x", CancellationToken.None)).Id);
        }

        listener.Stop();
        await serving;
        Assert.AreEqual(!certValidation, Encoding.ASCII.GetString(received.ToArray()).Contains(Token, StringComparison.Ordinal));
    }

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
        using var client = new TestItClient(testIt.Url, Token, certValidation: true, PublisherFixture.Quick with { Retries = 1 }, TimeProvider.System);

        TestItException e = await Assert.ThrowsAsync<TestItException>(() => client.GetRunAsync(run.Id, CancellationToken.None));

        StringAssert.Contains(e.Message, "redirects to " + elsewhere.Url);
        Assert.IsEmpty(elsewhere.Requests);
    }

    private static async Task ServeAsync(TcpListener listener, X509Certificate2 certificate, MemoryStream received)
    {
        while (true)
        {
            try
            {
                using TcpClient accepted = await listener.AcceptTcpClientAsync();
                await using var tls = new SslStream(accepted.GetStream());
                await tls.AuthenticateAsServerAsync(certificate);
                byte[] buffer = new byte[8192];
                received.Write(buffer, 0, await tls.ReadAsync(buffer));
                await tls.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\nConnection: close\r\n\r\n{\"id\":\"x\"}"u8.ToArray());
            }
            catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
            {
                // The client has hung up, as it should without a certificate that it trusts.
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }
}
