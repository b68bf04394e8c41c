using System.Collections.Concurrent;
using System.Diagnostics;
using SyncStorage.Protocol;
using SyncStorage.Results;
using SyncStorage.Server.Results;
using SyncStorage.Sessions;

namespace SyncStorage.Server.Runs;

/// <summary>All runs of a server, side by side: what the endpoints ask for, in the words of the protocol.</summary>
/// <param name="host">The server around.</param>
/// <param name="defaultTestRunId">--testRunId: what a worker means that names no run while there is none; null if not given.</param>
/// <param name="mostRuns">A server coordinates a handful of runs; without a limit a client gone wild could fill the disk with folders.</param>
internal sealed class RunBook(RunHost host, string? defaultTestRunId, int mostRuns = 1000) : IDisposable
{
    /// <summary>Ids and names are a few dozen characters; what is longer is a mistake or an attack.</summary>
    private const int LongestId = 1024;

    private static readonly TimeSpan Inspection = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Run> _runs = new(StringComparer.Ordinal);
    private readonly object _opening = new();
    private bool _closed;

    /// <summary>A run has its first worker or is to end: look at once instead of at the next tick.</summary>
    public event Action? Changed;

    public Clock Clock => host.Clock;

    /// <summary>When anything was last asked for or changed.</summary>
    public DateTimeOffset LastUpdate { get; private set; } = host.Clock.Now.Time;

    /// <summary>For /health: also the run that was announced and whose first worker is still to come.</summary>
    public IEnumerable<string> TestRunIds => defaultTestRunId is null ? _runs.Keys : _runs.Keys.Append(defaultTestRunId).Distinct();

    public IReadOnlyCollection<Run> All => [.. _runs.Values];

    /// <summary>A run that is open here or that the invocation has named.</summary>
    public bool IsOurs(string testRunId) => testRunId == defaultTestRunId || _runs.ContainsKey(testRunId) || host.Knows(testRunId);

    /// <summary>Set before the first request when another service elects the master.</summary>
    public ICoordinator Coordinator { get; set; } = LocalCoordinator.Instance;

    /// <summary>What the user should know of the server's start; stands in the report of every run.</summary>
    public IReadOnlyList<Diagnostic> StartNotices { get; set; } = [];

    public async Task<RegisterResponse> RegisterAsync(RegisterRequest request)
    {
        string pid = Required(request.Pid, "pid");
        string testRunId = string.IsNullOrEmpty(request.TestRunId) ? OnlyRunId() : Required(request.TestRunId, "testRunId");
        NotLonger(request.Project, "project");
        NotLonger(request.TargetFramework, "targetFramework");
        NotLonger(request.Part, "part");
        NotLonger(request.BaseUrl, "baseUrl");
        NotLonger(request.PrivateToken, "privateToken");
        Run run = Open(testRunId);
        bool isFirst = !run.HasWorkers;
        bool isMaster = await Coordinator.RegisterAsync(run, request, run.Register(request)).ConfigureAwait(false);
        if (isFirst)
        {
            Changed?.Invoke();
        }

        return new RegisterResponse { Status = "ok", Message = isMaster ? "registered as master" : "registered", Pid = pid, TestRunId = testRunId, IsMaster = isMaster };
    }

    public StatusResponse SetStatus(WorkerStatusRequest request)
    {
        string pid = Required(request.Pid, "pid");
        string status = request.Status?.ToLowerInvariant() switch
        {
            WorkerStatus.InProgress => WorkerStatus.InProgress,
            WorkerStatus.Completed => WorkerStatus.Completed,
            _ => throw Refusal.BadRequest($"status is '{Shorten(request.Status)}', which is neither {WorkerStatus.InProgress} nor {WorkerStatus.Completed}."),
        };
        NotLonger(request.Part, "part");
        Run run = Find(request.TestRunId);
        run.SetStatus(pid, request.Part, status);
        return new StatusResponse { Message = "status set" };
    }

    public async Task<StatusResponse> OfferAsync(string? testRunId, TestResultCut cut)
    {
        bool held = await Coordinator.OfferAsync(Find(testRunId), cut.WithStatusOfOutcome()).ConfigureAwait(false);
        return new StatusResponse { Message = held ? "held back" : "another result is held back", Held = held };
    }

    public PublishedResponse IsPublished(string? testRunId)
        => new() { Published = (string.IsNullOrEmpty(testRunId) ? Find(null) : _runs.GetValueOrDefault(testRunId))?.IsPublished ?? false };

    public StatusResponse KeepAlive(KeepAliveRequest request)
    {
        string pid = Required(request.Pid, "pid");
        Run run = string.IsNullOrEmpty(request.TestRunId) ? Find(null)
            : _runs.GetValueOrDefault(request.TestRunId)
                ?? throw Refusal.NotFound($"Test run '{Shorten(request.TestRunId)}' is not known, so neither is its worker '{Shorten(pid)}'.");
        run.KeepAlive(pid);
        return new StatusResponse();
    }

    /// <summary>A run is to end: look at once instead of at the next tick.</summary>
    public void Wake() => Changed?.Invoke();

    /// <summary>Finds the run or opens it, reading back what an earlier server left of it.</summary>
    public Run Open(string testRunId)
    {
        LastUpdate = host.Clock.Now.Time;
        if (_runs.TryGetValue(testRunId, out Run? run))
        {
            return run;
        }

        lock (_opening)
        {
            if (_closed)
            {
                throw Refusal.Conflict("The server is stopping.");
            }

            if (_runs.TryGetValue(testRunId, out run))
            {
                return run;
            }

            if (_runs.Count >= mostRuns)
            {
                throw Refusal.TooMany($"{mostRuns} test runs are open; this server opens no more.");
            }

            return _runs[testRunId] = Create(testRunId);
        }
    }

    /// <summary>From now on everything is refused.</summary>
    public void Close()
    {
        lock (_opening)
        {
            _closed = true;
        }

        foreach (Run run in All)
        {
            run.RefuseRequests();
        }
    }

    public void Dispose()
    {
        Close();
        foreach (Run run in All)
        {
            run.Dispose();
        }

        _runs.Clear();
    }

    private Run Create(string testRunId)
    {
        var folder = new RunFolder(host.Directory, testRunId);
        var opening = Stopwatch.StartNew();
        for (int number = 2; ; number++)
        {
            try
            {
                var run = new Run(testRunId, folder, host, Coordinator.SlotOf(testRunId));
                Coordinator.Opened(run);
                foreach (Diagnostic notice in StartNotices)
                {
                    run.Notice(notice);
                }

                return run;
            }
            catch (IOException e) when (e is not UnusableJournalException && File.Exists(folder.JournalPath) && opening.Elapsed < Inspection)
            {
                // Another server that starts looks into every folder for a moment; a lock of the file system has no wait.
                Thread.Sleep(10);
                number--;
            }
            catch (IOException e) when (number < 10 && File.Exists(folder.JournalPath))
            {
                // Another living server writes there, which could not be joined, or what was written there cannot be continued.
                host.Log.Write($"Run {testRunId} does not go on in {folder.Path}: {e.Message}");
                folder = new RunFolder(host.Directory, $"{testRunId}-{number}");
            }
        }
    }

    /// <param name="testRunId">Null or empty: the only run.</param>
    /// <exception cref="Refusal">There is no such run.</exception>
    public Run Find(string? testRunId)
    {
        LastUpdate = host.Clock.Now.Time;
        string id = string.IsNullOrEmpty(testRunId) ? OnlyRunId() : testRunId;
        return _runs.TryGetValue(id, out Run? run) ? run
            : id == defaultTestRunId ? Open(id)
            : throw Refusal.BadRequest($"Test run '{Shorten(id)}' is not known.");
    }

    /// <summary>The run that a client means that names none: a completed one beside the one that runs is not meant.</summary>
    private string OnlyRunId()
    {
        IReadOnlyCollection<Run> known = All;
        Run[] running = [.. known.Where(run => run.IsRunning)];
        return running.Length == 1 ? running[0].TestRunId
            : known.Count == 1 ? known.First().TestRunId
            : known.Count == 0 ? defaultTestRunId ?? throw Refusal.BadRequest("testRunId is missing and there is no test run yet.")
            : throw Refusal.BadRequest($"testRunId is missing and there are {known.Count} test runs.");
    }

    private static string Required(string? value, string name)
    {
        NotLonger(value, name);
        return string.IsNullOrEmpty(value) ? throw Refusal.BadRequest($"{name} is missing.") : value;
    }

    private static void NotLonger(string? value, string name)
    {
        if (value?.Length > LongestId)
        {
            throw Refusal.BadRequest($"{name} has {value.Length} characters; at most {LongestId} are accepted.");
        }
    }

    private static string Shorten(string? text) => text is null ? "null" : text.Length <= 100 ? text : text[..100] + "...";
}
