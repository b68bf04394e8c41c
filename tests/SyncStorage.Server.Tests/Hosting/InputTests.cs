using System.Text.Json;

namespace SyncStorage.Server.Tests.Hosting;

[TestClass]
[TestCategory("Promise: strange input")]
public sealed class InputTests
{
    private static readonly string[] Posts = ["/register", "/set_worker_status", "/in_progress_test_result", "/keep_alive"];

    [TestMethod]
    [DataRow("")]
    [DataRow("nonsense")]
    [DataRow("{")]
    [DataRow("null")]
    [DataRow("[]")]
    [DataRow("{\"pid\":[]}")]
    [DataRow("{\"pid\":\"\\ud800\"}")]
    [DataRow("{\"pid\":\"a\"} trailing")]
    [DataRow("{\"pid\":{\"deep\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[")]
    public async Task Malformed_bodies_are_refused_with_a_message_by_every_route(string body)
    {
        await using RunningServer server = await RunningServer.StartAsync(embedded: true);
        foreach (string path in Posts)
        {
            (int status, JsonElement answer) = await server.PostAsync(path, body, RunningServer.Secret);
            Assert.AreEqual(400, status, path);
            Assert.IsGreaterThan(10, answer.GetProperty("message").GetString()!.Length);
        }

        Assert.AreEqual(200, (await server.GetAsync("/health")).Status);
    }

    [TestMethod]
    public async Task Oversized_bodies_are_refused()
    {
        await using RunningServer server = await RunningServer.StartAsync(embedded: true);
        string large = new(' ', 1024 * 1024 + 1);
        foreach (string path in Posts)
        {
            Assert.AreEqual(413, (await server.PostAsync(path, large)).Status, path);
        }
    }

    [TestMethod]
    public async Task What_is_unknown_is_named()
    {
        await using RunningServer server = await RunningServer.StartAsync(embedded: true);
        await server.PostAsync("/register", """{"pid":"a","testRunId":"R"}""", RunningServer.Secret);
        (string Path, string Body, int Status, string Names)[] cases =
        [
            ("/keep_alive", """{"pid":"ghost","testRunId":"R"}""", 404, "ghost"),
            ("/set_worker_status", """{"pid":"ghost","status":"completed","testRunId":"R"}""", 400, "ghost"),
            ("/set_worker_status", """{"pid":"a","status":"asleep","testRunId":"R"}""", 400, "asleep"),
            ("/set_worker_status", """{"pid":"a","status":"completed","testRunId":"nowhere"}""", 400, "nowhere"),
            ("/set_worker_status", """{"status":"completed"}""", 400, "pid"),
            ("/register", """{"testRunId":"R"}""", 400, "pid"),
            ("/in_progress_test_result?testRunId=nowhere", "{}", 400, "nowhere"),
        ];
        foreach ((string path, string body, int expected, string names) in cases)
        {
            (int status, JsonElement answer) = await server.PostAsync(path, body, RunningServer.Secret);
            Assert.AreEqual(expected, status, path + body);
            StringAssert.Contains(answer.GetProperty("message").GetString(), names);
        }
    }

    [TestMethod]
    [DataRow("GET", "/nowhere", 404)]
    [DataRow("GET", "/", 404)]
    [DataRow("GET", "/register", 405)]
    [DataRow("POST", "/health", 405)]
    [DataRow("POST", "/results", 404)]
    public async Task Unknown_routes_and_wrong_methods_say_so(string method, string path, int expected)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), server.Url + path);
        Assert.AreEqual(expected, (await server.SendAsync(request)).Status);
    }

    [TestMethod]
    [DataRow("Host", "evil.example")]
    [DataRow("Host", "localhost.evil.example:80")]
    [DataRow("Origin", "http://evil.example")]
    [DataRow("Origin", "null")]
    public async Task A_web_page_cannot_reach_it(string header, string value)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Url + "/health");
        request.Headers.TryAddWithoutValidation(header, value);
        Assert.AreEqual(403, (await server.SendAsync(request)).Status);
    }

    [TestMethod]
    public async Task Only_processes_of_the_invocation_shut_it_down()
    {
        await using RunningServer server = await RunningServer.StartAsync(embedded: true);
        foreach (string? secret in new[] { null, "", "wrong", RunningServer.Secret + "x" })
        {
            Assert.AreEqual(403, (await server.PostAsync("/shutdown", "{}", secret)).Status);
        }

        Assert.IsFalse(server.WasShutDown);
    }
}
