using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using SyncStorage.Server.Hosting;
using SyncStorage.Server.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Participation;

/// <summary>
/// Other invocations on this machine that share our run and our port, by what lies in their sessions: a server that was killed and
/// is not back yet is silent on the port, and still the run is its own.
/// </summary>
internal sealed class SharedRun(ServerOptions options, Session own, ServerLog log)
{
    private static readonly TimeSpan ReturnTimeout = TimeSpan.FromSeconds(10);

    public bool HasPartners => Partners().Count > 0;

    /// <summary>We come back in place of a killed server: what is in its journal has to be finished here, whoever else has begun meanwhile.</summary>
    public bool IsOurs { get; } = options.TestRunId is not null && HasJournal(own, options.Directory, options.TestRunId, whenInUse: false);

    /// <summary>
    /// Who has the run's journal, and so goes on with it. Its server is started again if it was killed: its own guests do that only when
    /// they have something to say, which may be much later.
    /// </summary>
    public async Task<PortOwner?> FindCoordinatorAsync()
    {
        foreach ((Session session, ServerStart start) in Partners().Where(partner => HasJournal(partner.Session, partner.Start.Directory, options.TestRunId!, whenInUse: true)).ToList())
        {
            try
            {
                await SessionServer.EnsureAsync(session, start).ConfigureAwait(false);
                if (await session.WaitForServerAsync(ReturnTimeout).ConfigureAwait(false) is { } server)
                {
                    return await PortOwner.IdentifyAsync(new Uri(server.Url).Port, own).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log.Write($"The invocation that has run {options.TestRunId} cannot be joined: {e.Message}");
            }
        }

        return null;
    }

    private List<(Session Session, ServerStart Start)> Partners()
    {
        var partners = new List<(Session Session, ServerStart Start)>();
        if (options.TestRunId is null || options.Port == 0)
        {
            return partners;
        }

        try
        {
            foreach (Session other in own.Others())
            {
                if (other.HasLeases() && other.ReadRun(options.TestRunId) is not null && other.ReadStart() is { } start && start.Port == options.Port)
                {
                    partners.Add((other, start));
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Write($"Other invocations on this machine cannot be looked at: {e.Message}");
        }

        return partners;
    }

    private static bool HasJournal(Session session, string directory, string testRunId, bool whenInUse)
    {
        try
        {
            return LeftRun.In(new RunFolder(directory, testRunId)) is { IsClosed: false } left && left.Session == session.Directory;
        }
        catch (IOException)
        {
            // A living server has it open.
            return whenInUse;
        }
        catch (UnauthorizedAccessException)
        {
            // Of another user's, whose session could not be joined either.
            return false;
        }
    }
}
