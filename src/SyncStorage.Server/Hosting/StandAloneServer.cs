using SyncStorage.Protocol;
using SyncStorage.Server.Results;
using SyncStorage.Server.Runs;
using SyncStorage.Server.TestIt.Api;
using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>The drop-in for the official binary: its options, its routes, runs until it is told to stop.</summary>
internal static class StandAloneServer
{
    private static readonly TimeSpan LastTry = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(ServerOptions options, TimeProvider time)
    {
        using ListeningSockets sockets = ListeningSockets.Bind(options.Port, options.Listen);
        int port = sockets.Port;
        await using var console = new ConsoleLines();
        using var log = new ServerLog(time, console.Write);
        var results = new OfficialResults(options.BaseUrl, options.PrivateToken ?? PrivateTokenSource.Read(null), new TestItTiming(), time);
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
            FinalizeOfficial = results.FinalizeAsync,
        };
        using var official = new OfficialRuns(new RunBook(host, options.TestRunId), log);
        RunBook runs = official.Runs;
        using var alarm = new Alarm();
        using var stop = new Stop(obeyTerminal: true, alarm.Ring);
        runs.Changed += alarm.Ring;
        var guard = new RequestGuard(options.Listen, options.Secret) { GuardsAll = options.Secret is not null, Hosts = options.Hosts };
        using var endpoints = new Endpoints(runs, null, guard, new RequestRate(time), () => Health.Of(runs, null, time), stop.Request, log);
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
        while (!stop.IsRequested)
        {
            await alarm.WaitAsync().ConfigureAwait(false);
            official.Tend();
        }

        await tidied.ConfigureAwait(false);
        await official.StopAsync(LastTry).ConfigureAwait(false);
        await folders.RemoveAsync().ConfigureAwait(false);
        runs.Close();
        return 0;
    }
}
