using System.Net.Http.Headers;
using System.Text;

namespace SyncStorage.Testing;

/// <summary>A request that no client of ours would make.</summary>
internal sealed record StrangeRequest(string Method, string PathAndQuery, byte[] Body, string? ContentType)
{
    public HttpRequestMessage ToMessage(string url)
    {
        var request = new HttpRequestMessage(new HttpMethod(Method), url + PathAndQuery);
        if (Method != "GET" && Method != "TRACE")
        {
            request.Content = new ByteArrayContent(Body);
            request.Content.Headers.ContentType = ContentType is null || !MediaTypeHeaderValue.TryParse(ContentType, out MediaTypeHeaderValue? type) ? null : type;

            // Half of them do not say how long they are.
            request.Headers.TransferEncodingChunked = Body.Length % 2 == 1;
        }

        return request;
    }

    public override string ToString() => $"{Method} {PathAndQuery} with {Body.Length} bytes: {Encoding.UTF8.GetString(Body, 0, Math.Min(Body.Length, 200))}";
}

/// <summary>Makes requests that are malformed, oversized, deeply nested, wrongly typed or badly encoded; now and then one is valid by chance.</summary>
internal sealed class StrangeRequests(Random random)
{
    private static readonly string[] Posts = ["/register", "/set_worker_status", "/in_progress_test_result", "/keep_alive", "/results", "/shutdown"];
    private static readonly string[] Gets = ["/health", "/in_progress_published", "/wait-completion", "/force-completion"];
    private static readonly string[] Members = ["pid", "testRunId", "status", "part", "processId", "project", "targetFramework", "baseUrl", "privateToken", "projectId", "autoTestExternalId", "statusType", "startedOn", "results", "sequence", "attachments", "traits", "message", "durationMs", "outcome"];
    private static readonly string[] Scraps = ["{", "}", "[", "]", "\"", ":", ",", "null", "true", "1e999", "-0", "\\u", "\\ud800", "pid", "results", "\0", "é", "{\"pid\":\"a\",", "\"results\":[", "{\"sequence\":", " ", "//", "NaN", "\ufeff"];
    private static readonly string?[] Types = ["application/json", "text/plain", "application/json; charset=utf-16", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "*", null];

    public StrangeRequest Next()
    {
        bool isPost = random.Next(5) > 0;
        string path = random.Next(40) switch
        {
            0 => "/" + new string('x', random.Next(3000)),
            1 => "/%00/..%2f..%2fetc",
            2 => "//results//",
            _ => isPost ? Pick(Posts) : Pick(Gets),
        };
        string method = random.Next(30) == 0 ? Pick(["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"]) : isPost ? "POST" : "GET";
        return new StrangeRequest(method, path + Query(path), isPost ? Body() : [], Types[random.Next(Types.Length)]);
    }

    // Never "R", where a worker is at work: waiting for its end would take for ever. Who names none waits for all.
    private string Query(string path) => random.Next(path == "/wait-completion" ? 2 : 0, 6) switch
    {
        0 => "",
        1 => "?testRunId=",
        2 => "?testRunId=%",
        3 => "?testRunId=%ff%fe%00" + random.Next(1000),
        4 => "?testRunId=nowhere&testRunId=elsewhere",
        _ => "?testRunId=" + new string('y', random.Next(1, 1500)),
    };

    private byte[] Body() => random.Next(8) switch
    {
        0 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => Pick(Scraps)))),
        1 => RandomBytes(random.Next(300)),
        2 => Deep(random.Next(1, 3000)),
        3 => Encoding.Unicode.GetBytes(Object()),
        4 => Damaged(Encoding.UTF8.GetBytes(Object())),
        5 => random.Next(200) == 0 ? Encoding.UTF8.GetBytes($"{{\"pid\":\"{new string('p', 1_100_000)}\"}}") : Encoding.UTF8.GetBytes($"{{\"pid\":\"{new string('p', random.Next(3000))}\"}}"),
        6 => Encoding.Latin1.GetBytes(Object() + "ÿþ"),
        _ => Encoding.UTF8.GetBytes(Object()),
    };

    /// <summary>Known members with values of any type.</summary>
    private string Object()
        => "{" + string.Join(",", Enumerable.Range(0, random.Next(6)).Select(_ => $"\"{Pick(Members)}\":{Value(3)}")) + "}";

    private string Value(int depth) => random.Next(depth > 0 ? 12 : 9) switch
    {
        0 => "null",
        1 => "true",
        2 => "-1",
        3 => "9223372036854775808",
        4 => "1e400",
        5 => "\"\"",
        6 => "\"a\"",
        7 => "\"\\ud83d\"",
        8 => "\"2026-13-45T99:99:99Z\"",
        9 => "[" + string.Join(",", Enumerable.Range(0, random.Next(4)).Select(_ => Value(depth - 1))) + "]",
        10 => "{\"" + Pick(Members) + "\":" + Value(depth - 1) + "}",
        _ => Object(),
    };

    private byte[] Deep(int depth)
    {
        (string open, string close) = random.Next(3) switch { 0 => ("[", "]"), 1 => ("{\"results\":", "}"), _ => ("{\"pid\":[", "]}") };
        string text = string.Concat(Enumerable.Repeat(open, depth)) + "1" + (random.Next(2) == 0 ? string.Concat(Enumerable.Repeat(close, depth)) : "");
        return Encoding.UTF8.GetBytes("{\"pid\":\"a\",\"unknown\":" + text + "}");
    }

    private byte[] Damaged(byte[] bytes)
    {
        for (int i = random.Next(4); i >= 0; i--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }

    private byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private string Pick(string[] choices) => choices[random.Next(choices.Length)];
}
