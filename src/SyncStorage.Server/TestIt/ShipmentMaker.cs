using System.Text.Json;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Content;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>From a stored result to what is sent of it. Bodies are read when they are needed; only so many are kept in between.</summary>
internal sealed class ShipmentMaker(RunSettings settings, RowRegistry registry, IDeliveryLog log)
{
    /// <summary>Characters of bodies that are kept between the first look at a result and its sending; the others are read twice.</summary>
    private const int MostKept = 4 * 1024 * 1024;

    private const int MostTold = 10;

    private readonly ParameterNames _names = new();
    private readonly HashSet<string> _told = [];
    private int _kept;

    /// <returns>Null when the body cannot be read: then the result is rejected.</returns>
    public async Task<PendingResult?> LookAtAsync(StoredResult stored, CancellationToken cancellation)
    {
        ObservedResult? body = await ReadAsync(stored, cancellation).ConfigureAwait(false);
        if (body is null || ExternalIdOf(stored, body) is not string externalId)
        {
            return null;
        }

        var pending = new PendingResult(stored, Fingerprint.Of(externalId), RowRegistry.KeyOf(stored, body, externalId));
        if (Volatile.Read(ref _kept) + SizeOf(body) <= MostKept)
        {
            Interlocked.Add(ref _kept, SizeOf(body));
            pending.Body = body;
        }

        return pending;
    }

    /// <summary>A result that Test IT has from an earlier process: its row is taken.</summary>
    public async Task RestoreAsync(StoredResult stored, CancellationToken cancellation)
    {
        try
        {
            ObservedResult body = await log.ReadAsync(stored.Index, cancellation).ConfigureAwait(false);
            if (Map(stored, body, isNew: false) is not { } content)
            {
                return;
            }

            Row row = registry.Claim(RowRegistry.KeyOf(stored, body, content.ExternalId), stored, body, content);
            row.Exists = true;
            row.SentDurationMs += content.DurationMs;
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            log.Notice(Diagnostic.Detail($"Result {stored.Index} was sent before and cannot be read any more: {e.Message}"));
        }
    }

    /// <param name="items">Attempts of one test.</param>
    /// <returns>Null when no body can be read.</returns>
    public async Task<Shipment?> MakeAsync(IReadOnlyList<PendingResult> items, CancellationToken cancellation)
    {
        var readable = new List<PendingResult>(items.Count);
        var bodies = new List<ObservedResult>(items.Count);
        foreach (PendingResult item in items)
        {
            if ((item.Body ?? await ReadAsync(item.Stored, cancellation).ConfigureAwait(false)) is { } body)
            {
                readable.Add(item);
                bodies.Add(body);
            }
        }

        if (bodies.Count == 0)
        {
            return null;
        }

        if (Map(readable[^1].Stored, bodies[^1]) is not { } content)
        {
            return null;
        }

        Row row = registry.Claim(items[0].Row, items[0].Stored, bodies[^1], content);
        return new Shipment(readable, bodies[^1], content, row, Math.Min(bodies.Sum(body => ResultContent.Duration(body)), ResultContent.LongestDuration), bodies.Min(body => body.StartedOn).UtcDateTime);
    }

    /// <summary>The results are done: their bodies need no memory any more.</summary>
    public void Drop(IEnumerable<PendingResult> items)
    {
        foreach (PendingResult item in items)
        {
            if (item.Body is { } body)
            {
                Interlocked.Add(ref _kept, -SizeOf(body));
                item.Body = null;
            }
        }
    }

    public static int SizeOf(ObservedResult body)
        => 500 + (body.Message?.Length ?? 0) + (body.Trace?.Length ?? 0) + (body.StandardOutput?.Length ?? 0) + (body.StandardError?.Length ?? 0);

    private async Task<ObservedResult?> ReadAsync(StoredResult stored, CancellationToken cancellation)
    {
        try
        {
            return await log.ReadAsync(stored.Index, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            log.Delivered(stored.Index, Delivery.Rejected, "its body cannot be read from the store: " + e.Message);
            return null;
        }
    }

    private static bool IsUnreadable(Exception e) => e is IOException or JsonException or InvalidOperationException or ArgumentException;

    /// <summary>A result so odd that it cannot be mapped is rejected alone; it must not end the publishing of all others.</summary>
    private ResultContent? Map(StoredResult stored, ObservedResult body, bool isNew = true)
    {
        try
        {
            var content = ResultContent.Of(body, settings.ExternalId, settings.IgnoreParameters, _names);
            TellUnknownPlaceholder(body, content);
            return content;
        }
        catch (Exception e)
        {
            log.Notice(Diagnostic.Detail($"Result {stored.Index} ({body.FullyQualifiedName}) cannot be made into Test IT's terms: {e}"));
            if (isNew)
            {
                log.Delivered(stored.Index, Delivery.Rejected, "it cannot be made into Test IT's terms: " + e.Message);
            }

            return null;
        }
    }

    /// <summary>Once for each test: the text is the same for all of its rows.</summary>
    private void TellUnknownPlaceholder(ObservedResult body, ResultContent content)
    {
        if (content.UnknownPlaceholder is not { } name)
        {
            return;
        }

        TestIdentity test = TestIdentity.Of(body, settings.ExternalId);
        string text = OneLine($"The external id '{test.ExternalId}' of a test in {test.Namespace}.{test.ClassName} names a parameter '{name}'")
            + " that its rows do not have, or whose name is not known; they have the ids that they would have without it.";
        lock (_told)
        {
            if (_told.Add(text))
            {
                // More than these would bury everything else on the console; server.log has them all.
                log.Notice(_told.Count <= MostTold ? Diagnostics.UnknownPlaceholder(text) : Diagnostic.Detail(text));
            }
        }
    }

    private static string OneLine(string text) => HtmlText.Shorten(string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)), 500);

    /// <summary>As the content has it, but cheaper.</summary>
    private string? ExternalIdOf(StoredResult stored, ObservedResult body)
    {
        try
        {
            return AutoTestId.Of(body, settings.ExternalId, _names).Value;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // The mapping of the whole says what is wrong.
            log.Notice(Diagnostic.Detail($"Result {stored.Index} has no identity: {e.Message}"));
        }

        return Map(stored, body)?.ExternalId;
    }
}
