using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using SyncStorage.Protocol;

namespace SyncStorage.Server.Hosting;

/// <summary>Bodies in and out.</summary>
internal static class HttpExchange
{
    /// <summary>What the official routes take is a few hundred bytes.</summary>
    public const long LargestBody = 1024 * 1024;

    /// <summary>A body up to here is read whatever else is under way; larger ones a few at a time.</summary>
    public const long SmallBody = 256 * 1024;

    /// <summary>
    /// Three bytes of JSON can become an object of 200: what a large body may unfold to is bounded by its tokens.
    /// </summary>
    private const int MostTokens = 1_000_000;

    /// <remarks>
    /// The size is checked here and not by Kestrel, which drops the connection of a body that is too large: a client that is still
    /// writing would see a broken pipe instead of the answer. Ours is answered, and Kestrel reads on for five seconds at most.
    /// </remarks>
    /// <exception cref="Refusal">The body is no JSON of this shape, or larger than <see cref="LargestBody"/>.</exception>
    /// <exception cref="BadHttpRequestException">The client broke off.</exception>
    public static async Task<T> ReadAsync<T>(this HttpContext http, JsonTypeInfo<T> type)
        where T : class
    {
        if (http.Request.ContentLength > LargestBody)
        {
            throw TooLarge(http, LargestBody);
        }

        PipeReader reader = http.Request.BodyReader;
        while (true)
        {
            ReadResult read = await reader.ReadAsync(http.RequestAborted).ConfigureAwait(false);
            if (read.Buffer.Length > LargestBody)
            {
                reader.AdvanceTo(read.Buffer.End);
                throw TooLarge(http, LargestBody);
            }

            if (!read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            try
            {
                return Parse(http, read.Buffer, type);
            }
            finally
            {
                reader.AdvanceTo(read.Buffer.End);
            }
        }
    }

    public static async Task AnswerAsync<T>(this HttpContext http, T body, JsonTypeInfo<T> type, int status = 200)
    {
        string? sentence = WantsPlainText(http.Request) ? SentenceOf(body) : null;
        ReadOnlyMemory<byte> bytes = sentence is null ? ReadableJson.WriteMemory(body, type) : Encoding.UTF8.GetBytes(sentence);
        http.Response.StatusCode = status;
        http.Response.ContentType = sentence is null ? "application/json; charset=utf-8" : "text/plain; charset=utf-8";
        http.Response.ContentLength = bytes.Length;
        await http.Response.BodyWriter.WriteAsync(bytes, http.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Clients of an older protocol, whose answers were texts, accept nothing else; who also takes JSON gets that.</summary>
    private static bool WantsPlainText(HttpRequest request)
    {
        string[] accepted = request.Headers.Accept.ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return accepted.Length > 0 && Array.TrueForAll(accepted, one => one.Split(';')[0].Trim().Equals("text/plain", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Null for what is more than a sentence.</summary>
    private static string? SentenceOf<T>(T body) => body switch
    {
        StatusResponse answer => answer.Message ?? answer.Status,
        RegisterResponse answer => answer.Message ?? answer.Status,
        CompletionResponse answer => answer.Message,
        PublishedResponse answer => answer.Published ? "true" : "false",
        HealthResponse answer => answer.Status,
        _ => null,
    };

    private static Refusal TooLarge(HttpContext http, long largest)
        => new(413, $"The body of {http.Request.Path} is larger than {largest} bytes.");

    private static T Parse<T>(HttpContext http, in ReadOnlySequence<byte> body, JsonTypeInfo<T> type)
    {
        try
        {
            if (body.Length > SmallBody && HasTooManyTokens(body))
            {
                throw new Refusal(413, $"The body of {http.Request.Path} has more than {MostTokens} values.");
            }

            var reader = new Utf8JsonReader(SkipByteOrderMark(body));
            T value = JsonSerializer.Deserialize(ref reader, type) ?? throw Refusal.BadRequest($"The body of {http.Request.Path} is null.");
            return reader.Read() ? throw Refusal.BadRequest($"The body of {http.Request.Path} goes on after its JSON value.") : value;
        }
        catch (JsonException e)
        {
            throw Refusal.BadRequest($"The body of {http.Request.Path} is not the JSON expected there: {e.Message}");
        }
    }

    private static bool HasTooManyTokens(in ReadOnlySequence<byte> body)
    {
        var reader = new Utf8JsonReader(SkipByteOrderMark(body));
        int tokens = 0;
        while (tokens <= MostTokens && reader.Read())
        {
            tokens++;
        }

        return tokens > MostTokens;
    }

    private static ReadOnlySequence<byte> SkipByteOrderMark(in ReadOnlySequence<byte> body)
    {
        ReadOnlySpan<byte> first = body.FirstSpan;
        return first.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? body.Slice(3) : body;
    }
}
