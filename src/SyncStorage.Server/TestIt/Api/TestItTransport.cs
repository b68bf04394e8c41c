using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Flurl.Http;
using Polly;
using Polly.CircuitBreaker;

namespace SyncStorage.Server.TestIt.Api;

/// <summary>How each call is made, repeated and, when it fails, explained. Throws <see cref="TestItException"/> only, or is cancelled.</summary>
internal sealed class TestItTransport : IDisposable
{
    private readonly string _url;
    private readonly string _token;
    private readonly TestItTiming _timing;
    private readonly TimeProvider _time;
    private readonly HttpClient _handler;
    private readonly FlurlClient _http;
    private readonly ResiliencePipeline<byte[]> _pipeline;

    public TestItTransport(string url, string token, bool certValidation, TestItTiming timing, TimeProvider time)
    {
        _url = url.TrimEnd('/');
        _token = token;
        _timing = timing;
        _time = time;
        // The proxy is the one of the environment: that is the handler's default.
        var sockets = new SocketsHttpHandler
        {
            // A redirect would turn a POST into a GET of a sign-in page; better say that the address is not right.
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = timing.Attempt,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (!certValidation)
        {
#pragma warning disable CA5359 // What the user asks for with certValidation=false is just that: any certificate will do.
            sockets.SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true };
#pragma warning restore CA5359
        }

        _handler = new HttpClient(sockets) { Timeout = Timeout.InfiniteTimeSpan };
        _http = new FlurlClient(_handler);
        _http.Settings.Timeout = null;
        _pipeline = TestItPipeline.Create(timing, time);
    }

    /// <summary>Told of every request that Test IT did not answer as it should, also of those that are repeated here and may succeed then.</summary>
    public Action<TestItException>? AttemptFailed { get; set; }

    /// <summary>The newer flavour of the API, /adapters/, instead of /api/v2/.</summary>
    public bool UsesAdaptersApi { get; set; }

    public void Dispose()
    {
        _http.Dispose();
        _handler.Dispose();
    }

    public static Func<HttpContent> Json<T>(T value, JsonTypeInfo<T> type)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        return () =>
        {
            var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
            return content;
        };
    }

    public async Task<byte[]> SendAsync(HttpMethod method, string path, Func<HttpContent>? content, bool repeatable, CancellationToken cancellation)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellation);
        context.Properties.Set(TestItPipeline.Repeatable, repeatable);
        try
        {
            return await _pipeline.ExecuteAsync(
                async inner => await ObservedAttemptAsync(method, path, content, inner.CancellationToken).ConfigureAwait(false),
                context).ConfigureAwait(false);
        }
        catch (BrokenCircuitException e)
        {
            throw new TestItException(TestItError.Unreachable, $"Test IT at {_url} has not answered for a while; it is asked again later.", e) { RetryAfter = e.RetryAfter };
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async Task<byte[]> ObservedAttemptAsync(HttpMethod method, string path, Func<HttpContent>? content, CancellationToken cancellation)
    {
        try
        {
            return await AttemptAsync(method, path, content, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (e.IsTransient)
        {
            AttemptFailed?.Invoke(e);
            throw;
        }
    }

    private async Task<byte[]> AttemptAsync(HttpMethod method, string path, Func<HttpContent>? content, CancellationToken cancellation)
    {
        string address = $"{_url}{(UsesAdaptersApi ? "/adapters/" : "/api/v2/")}{path}";
        string call = $"{method} {address}";
        using var timeout = new CancellationTokenSource(_timing.Attempt, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        using HttpContent? body = content?.Invoke();
        try
        {
            IFlurlRequest request = _http.Request(address).AllowAnyHttpStatus().WithHeader("Authorization", "PrivateToken " + _token);
            using HttpResponseMessage response = await request.SendAsync(method, body, either.Token, HttpCompletionOption.ResponseHeadersRead).ConfigureAwait(false);
            byte[] answer = await BoundedAnswer.ReadAsync(response.Content, either.Token).ConfigureAwait(false);
            string? mediaType = response.Content.Headers.ContentType?.MediaType;
            if (response.IsSuccessStatusCode)
            {
                return answer.Length == 0 || mediaType is null || mediaType.Contains("json", StringComparison.OrdinalIgnoreCase)
                    ? answer
                    : throw new TestItException(TestItError.Unreachable, $"{call} answered {mediaType}, which is not Test IT's API.") { Status = (int)response.StatusCode, Unclear = true };
            }

            throw Failure(call, response, answer, mediaType);
        }
        catch (Exception e) when (FileTroubleIn(e) is { } trouble)
        {
            // A file that cannot be read is no trouble of Test IT's, and reading it again would not help.
            throw trouble;
        }
        catch (UnreadAnswerException e)
        {
            throw OverBounds(call, e.Message);
        }
        catch (Exception e) when (e is not TestItException)
        {
            cancellation.ThrowIfCancellationRequested();
            string reason = timeout.IsCancellationRequested ? $"no answer within {_timing.Attempt.TotalSeconds:0.#} s" : Explain(Innermost(e));
            throw new TestItException(TestItError.Unreachable, Scrub($"{call}: {reason}"), Quiet(e)) { Reason = Scrub(reason), Unclear = !NeverSent(e) };
        }
    }

    private static string Explain(Exception e) => e is AuthenticationException
        ? $"its certificate is not trusted: {e.Message.TrimEnd('.')}. Install the certificate's authority on this machine, or accept any certificate (TMS_CERT_VALIDATION, certValidation: false)."
        : e.Message;

    private TestItException Failure(string call, HttpResponseMessage response, byte[] answer, string? mediaType)
    {
        int status = (int)response.StatusCode;
        (string reason, string[] members) = Explain(answer, mediaType);
        if (status is >= 300 and < 400)
        {
            reason = $"it redirects to {response.Headers.Location}";
        }

        TestItError error = status switch
        {
            401 or 403 => TestItError.TokenRefused,
            404 => TestItError.NotFound,
            409 => TestItError.Conflict,
            408 or 429 or >= 500 or < 400 => TestItError.Unreachable,
            _ => TestItError.Invalid,
        };
        return new TestItException(error, Scrub($"{call} answered {status}{(reason.Length > 0 ? ": " + reason : "")}"))
        {
            Status = status,
            Reason = Scrub(reason.Length > 0 ? reason : $"status {status}"),
            Members = members,
            Unclear = status >= 500,
            RetryAfter = RetryAfter(response.Headers.RetryAfter),
        };
    }

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header)
    {
        TimeSpan? wait = header?.Delta ?? (header?.Date is { } date ? date - _time.GetUtcNow() : null);
        return wait > TimeSpan.Zero ? wait : null;
    }

    private static (string Reason, string[] Members) Explain(byte[] answer, string? mediaType)
    {
        if (mediaType?.Contains("json", StringComparison.OrdinalIgnoreCase) != true)
        {
            return ("", []);
        }

        try
        {
            ProblemModel? problem = JsonSerializer.Deserialize(BoundedAnswer.Check(answer, strict: false), TestItJson.Wire.ProblemModel);
            var words = new[] { problem?.Title, problem?.Detail, problem?.Message }.Concat(problem?.Errors?.Where(error => error.Value is not null).SelectMany(error => error.Value.Select(text => error.Key.Length > 0 ? $"{error.Key}: {text}" : text)) ?? []);
            string reason = string.Join(" ", words.Where(word => !string.IsNullOrWhiteSpace(word)));
            return (reason.Length > 2000 ? reason[..2000] : reason, problem?.Errors?.Keys.ToArray() ?? []);
        }
        catch (Exception e) when (e is JsonException or UnreadAnswerException)
        {
            return ("", []);
        }
    }

    public static TestItException OverBounds(string call, string reason)
        => new(TestItError.OverBounds, $"{call}: its answer is not read: {reason}.") { Reason = $"its answer is not read: {reason}", Unclear = true };

    /// <param name="strict">True: a list with a null element is no answer; false: such elements are skipped.</param>
    public T Parse<T>(string call, byte[] answer, JsonTypeInfo<T> type, bool strict = false)
    {
        try
        {
            return JsonSerializer.Deserialize(BoundedAnswer.Check(answer, strict), type) ?? throw new JsonException("null");
        }
        catch (UnreadAnswerException e)
        {
            throw OverBounds($"{call} at {_url}", e.Message);
        }
        catch (JsonException e)
        {
            throw new TestItException(TestItError.Unreachable, $"{call} at {_url} answered something that is not Test IT's JSON.", e) { Status = 200, Unclear = true };
        }
    }

    /// <summary>Surely nothing reached Test IT: there was no connection to send it over.</summary>
    private static bool NeverSent(Exception e)
    {
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError })
            {
                return true;
            }

            if (inner is SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostNotFound or SocketError.HostUnreachable or SocketError.NetworkUnreachable })
            {
                return true;
            }
        }

        return false;
    }

    private static FileTroubleException? FileTroubleIn(Exception? e)
        => e is null ? null : e as FileTroubleException ?? FileTroubleIn(e.InnerException);

    private static Exception Innermost(Exception e)
    {
        while (e is FlurlHttpException or HttpRequestException or AggregateException && e.InnerException is not null)
        {
            e = e.InnerException;
        }

        return e;
    }

    /// <summary>Flurl's exceptions hold the request with its headers, and a header that is no header is quoted; neither may reach a log.</summary>
    private Exception? Quiet(Exception e)
    {
        Exception inner = Innermost(e);
        return inner is FlurlHttpException || (_token.Length > 0 && inner.ToString().Contains(_token, StringComparison.Ordinal)) ? null : inner;
    }

    /// <summary>A server could repeat what we sent in its error.</summary>
    private string Scrub(string text) => _token.Length > 0 ? text.Replace(_token, "***", StringComparison.Ordinal) : text;
}
