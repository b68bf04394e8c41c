using System.Text.RegularExpressions;
using SyncStorage.Server.Results;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.TestIt;

/// <summary>
/// Brings one batch to Test IT: files, autotests, then results; those whose row exists by update, the others by one POST. A
/// result that Test IT refuses is found and rejected, the others go on.
/// </summary>
internal sealed partial class ResultSender(
    TestItClient client, TestItRun run, RowRegistry registry, RowAdoption rows, DeliveryTally tally, AutoTestCatalog catalog, FileUploader uploader, RunSettings settings)
{
    /// <summary>The run's held-back result, from its first try on.</summary>
    private Shipment? _held;

    /// <summary>Sends final results. What is <see cref="Shipment.Done"/> afterwards stays so, also when this throws.</summary>
    /// <exception cref="TestItException">Test IT did not answer; the rest is to be sent again.</exception>
    /// <exception cref="RunUnusableException">Nothing can be sent any more.</exception>
    public async Task SendAsync(IReadOnlyList<Shipment> batch, CancellationToken cancellation)
    {
        try
        {
            await PrepareAsync(batch, cancellation).ConfigureAwait(false);
            foreach (Shipment shipment in batch.Where(shipment => !shipment.Done && !shipment.Row.Exists))
            {
                await rows.AdoptAsync(shipment, cancellation).ConfigureAwait(false);
            }

            foreach (Shipment shipment in batch.Where(shipment => !shipment.Done && shipment.Row.Exists))
            {
                await rows.UpdateAsync(shipment, cancellation).ConfigureAwait(false);
            }

            var free = new List<Shipment>();
            var endangered = new List<Shipment>();
            foreach (Shipment shipment in batch.Where(shipment => !shipment.Done))
            {
                (await rows.WouldBeSwallowedAsync(shipment, _held, cancellation).ConfigureAwait(false) ? endangered : free).Add(shipment);
            }

            await PostAsync(free, shipment => run.Codes.Of(shipment.Content.Outcome), cancellation).ConfigureAwait(false);
            await PostBesideOpenRowAsync(endangered, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (!e.IsTransient)
        {
            await RejectRestAsync(batch, e, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Posts the held-back result as InProgress with its full body. In adapter mode 0 its row is there and InProgress already.
    /// Afterwards the row exists, or the shipment was rejected.
    /// </summary>
    public async Task HoldAsync(Shipment shipment, CancellationToken cancellation)
    {
        try
        {
            await PrepareAsync([shipment], cancellation).ConfigureAwait(false);
            if (shipment.Done)
            {
                return;
            }

            shipment.Row.Held = true;
            _held = shipment;
            await rows.AdoptAsync(shipment, cancellation).ConfigureAwait(false);
            if (!shipment.Row.Exists)
            {
                await PostAsync([shipment], _ => StatusCodes.InProgress, cancellation).ConfigureAwait(false);
            }
        }
        catch (TestItException e) when (!e.IsTransient)
        {
            await RejectRestAsync([shipment], e, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>A refusal that no single result is to blame for: looking up autotests, for one.</summary>
    private async Task RejectRestAsync(IReadOnlyList<Shipment> batch, TestItException e, CancellationToken cancellation)
    {
        if (e.Error == TestItError.TokenRefused)
        {
            throw RunUnusableException.TokenRefused(settings, e);
        }

        if (e.Error == TestItError.OverBounds)
        {
            throw RunUnusableException.OverBounds(settings, e);
        }

        await run.ThrowIfUnusableAsync(e, cancellation).ConfigureAwait(false);
        foreach (Shipment shipment in batch.Where(shipment => !shipment.Done))
        {
            tally.Reject(shipment, e.Reason);
        }
    }

    private async Task PrepareAsync(IReadOnlyList<Shipment> batch, CancellationToken cancellation)
    {
        foreach (Shipment shipment in batch)
        {
            shipment.FileIds = await uploader.UploadAsync(shipment.Content, cancellation).ConfigureAwait(false);
        }

        IReadOnlyDictionary<string, string> refused = await catalog.EnsureAsync(batch.Select(shipment => shipment.Content.AutoTest).ToList(), cancellation).ConfigureAwait(false);
        foreach (Shipment shipment in batch)
        {
            if (refused.TryGetValue(shipment.Content.ExternalId, out string? reason))
            {
                tally.Reject(shipment, reason);
            }
        }
    }

    private async Task PostAsync(List<Shipment> shipments, Func<Shipment, SentStatus> status, CancellationToken cancellation, bool createdMissing = false)
    {
        if (shipments.Count == 0)
        {
            return;
        }

        var body = shipments.Select(shipment => shipment.ToPost(settings.ConfigurationId!, status(shipment))).ToList();
        tally.Posting(shipments);
        List<string> ids;
        try
        {
            ids = await client.PostResultsAsync(run.Id!, body, cancellation).ConfigureAwait(false);
        }
        catch (TestItException e) when (e.IsTransient || e.Error == TestItError.OverBounds)
        {
            if (e.Unclear)
            {
                tally.MarkUnclear(shipments);
            }

            throw;
        }
        catch (OperationCanceledException)
        {
            tally.MarkUnclear(shipments);
            throw;
        }
        catch (TestItException e) when (e.Error == TestItError.NotFound && !createdMissing)
        {
            // Somebody deleted autotests since we looked. Once more with new ones; the second 404 means something else.
            await run.ThrowIfUnusableAsync(e, cancellation).ConfigureAwait(false);
            catalog.Forget(shipments.Select(shipment => shipment.Content.ExternalId));
            await PrepareAsync(shipments, cancellation).ConfigureAwait(false);
            await PostAsync(shipments.Where(shipment => !shipment.Done).ToList(), status, cancellation, createdMissing: true).ConfigureAwait(false);
            return;
        }
        catch (TestItException e) when (e.Error is TestItError.Invalid or TestItError.Conflict or TestItError.NotFound)
        {
            await run.ThrowIfUnusableAsync(e, cancellation).ConfigureAwait(false);
            await IsolateAsync(shipments, e, status, cancellation).ConfigureAwait(false);
            return;
        }

        for (int i = 0; i < shipments.Count; i++)
        {
            registry.Exists(shipments[i].Row, ids[i]);
            shipments[i].Row.HasNoParameters = shipments[i].Parameters.Count == 0;
            if (shipments[i].Row.Held)
            {
                shipments[i].Row.SentDurationMs = shipments[i].DurationMs;
            }
            else if (status(shipments[i]) != StatusCodes.InProgress)
            {
                shipments[i].Row.SentDurationMs = shipments[i].DurationMs;
                tally.Deliver(shipments[i]);
            }
        }
    }

    /// <summary>Which of them does Test IT refuse? The ones that it names, else by halving.</summary>
    private async Task IsolateAsync(List<Shipment> shipments, TestItException reason, Func<Shipment, SentStatus> status, CancellationToken cancellation)
    {
        if (shipments.Count == 1)
        {
            tally.Reject(shipments[0], reason.Reason);
            return;
        }

        var named = reason.Members.Select(member => IndexPattern().Match(member)).Where(match => match.Success)
            .Select(match => int.Parse(match.Groups[1].ValueSpan, provider: null)).Where(i => i < shipments.Count).ToHashSet();
        if (named.Count > 0 && named.Count < shipments.Count)
        {
            await PostAsync(shipments.Where((_, i) => !named.Contains(i)).ToList(), status, cancellation).ConfigureAwait(false);
            await IsolateOneByOneAsync(shipments.Where((_, i) => named.Contains(i)).ToList(), status, cancellation).ConfigureAwait(false);
            return;
        }

        int half = shipments.Count / 2;
        await PostAsync(shipments.Take(half).ToList(), status, cancellation).ConfigureAwait(false);
        await PostAsync(shipments.Skip(half).ToList(), status, cancellation).ConfigureAwait(false);
    }

    private async Task IsolateOneByOneAsync(List<Shipment> shipments, Func<Shipment, SentStatus> status, CancellationToken cancellation)
    {
        foreach (Shipment shipment in shipments)
        {
            await PostAsync([shipment], status, cancellation).ConfigureAwait(false);
        }
    }

    private async Task PostBesideOpenRowAsync(List<Shipment> shipments, CancellationToken cancellation)
    {
        await PostAsync(shipments, _ => StatusCodes.InProgress, cancellation).ConfigureAwait(false);
        foreach (Shipment shipment in shipments.Where(shipment => !shipment.Done && shipment.Row.Exists))
        {
            SentStatus status = run.Codes.Of(shipment.Content.Outcome);
            await rows.UpdateAsync(shipment, new ResultUpdateModel { StatusType = status.Type, StatusCode = status.Code }, cancellation).ConfigureAwait(false);
        }
    }

    [GeneratedRegex(@"\[(\d{1,3})\]")]
    private static partial Regex IndexPattern();
}
