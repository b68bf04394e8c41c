using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>The drop-in for the official binary: its options, its routes, runs until it is told to stop.</summary>
internal static class StandAloneServer
{
    /// <summary>wait-completion is answered within 14 s of the last worker's completion; 5 of them are the grace period.</summary>
    private static readonly TimeSpan Finalization = TimeSpan.FromSeconds(7);

    /// <summary>Whoever stops the server does not wait long; Test IT may be back all the same.</summary>
    private static readonly TimeSpan LastTry = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(ServerOptions options, TimeProvider time)
    {
        using ListeningSockets sockets = ListeningSockets.Bind(options.Port, options.Listen);
        int port = sockets.Port;
        await using var console = new ConsoleLines();
        using var log = new ServerLog(time, console.Write);
        var official = new OfficialResults(options.BaseUrl, options.PrivateToken ?? PrivateTokenSource.Read(null), new TestItTiming(), time);
        var settings = new SettingsReader(Environment.CurrentDirectory, new Dictionary<string, string>(), "");
        bool certValidation = settings.ReadSwitch(Setting.CertValidation, true);
        var host = new RunHost
        {
            Clock = new Clock(time),
            Log = log,
            Processes = new OperatingSystemProcesses(),
            Directory = options.Directory,
            // The official clients write their results themselves; here they are only coordinated.
            SettingsOf = id => new RunSettings { TestRunId = id, TestRunIdGiven = true, Url = options.BaseUrl, CertValidation = certValidation },
            FinalizeOfficial = official.FinalizeAsync,
        };
        using var runs = new RunBook(host, options.TestRunId);
        using var alarm = new Alarm();
        using var stop = new Stop(obeyTerminal: true, alarm.Ring);
        runs.Changed += alarm.Ring;
        using var endpoints = new Endpoints(runs, new RequestGuard(options.Listen, options.Secret) { GuardsAll = options.Secret is not null, Hosts = options.Hosts }, new RequestRate(time), () => Health.Of(runs, null, time), stop.Request, log);
        await using HttpServer http = await HttpServer.StartAsync(sockets, endpoints.HandleAsync).ConfigureAwait(false);
        Output.WriteLine($"listening on http://{(options.Listen is null ? "127.0.0.1" : options.Listen)}:{port}");
        if (options.Listen is not null && options.Secret is null && options.Hosts.Count == 0)
        {
            Output.WriteError($"warning: whoever reaches {options.Listen} may take part in and end every run. Give --secret ({SharedSecret.Variable}), or at least --host, which keeps web pages out.");
        }

        log.Write($"Sync Storage listens on port {port}, process {Environment.ProcessId}.");
        // Not before: programs that start the server read its address from the first line.
        foreach (SettingProblem problem in settings.Problems)
        {
            log.Write(problem.Diagnostic.ToString());
        }

        var folders = new RunFolders(host, runs);
        Task tidied = Background.Run(() => folders.TidyAsync(CancellationToken.None), log);
        var finishing = new List<Task>();
        using var left = new LeftFinalizations(log);
        while (!stop.IsRequested)
        {
            await alarm.WaitAsync().ConfigureAwait(false);
            foreach (Run run in runs.All)
            {
                Background.Try(run.Pass, log);
                if (run.IsOver(leases: null))
                {
                    finishing.Add(FinishAsync(run, interrupted: false, Finalization));
                }
            }

            finishing.RemoveAll(task => task.IsCompleted);
            left.Tend(runs.All);
        }

        await left.StopAsync().ConfigureAwait(false);
        await tidied.ConfigureAwait(false);
        await Task.WhenAll(finishing).ConfigureAwait(false);
        await Task.WhenAll(runs.All.Select(run => FinishAsync(run, interrupted: !run.AllDone, Finalization))).ConfigureAwait(false);
        await left.TryOnceMoreAsync(runs.All, LastTry).ConfigureAwait(false);
        await folders.RemoveAsync().ConfigureAwait(false);
        runs.Close();
        return 0;
    }

    private static async Task FinishAsync(Run run, bool interrupted, TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        await run.FinishAsync(interrupted, deadline.Token).ConfigureAwait(false);
    }
}
