namespace SyncStorage;

/// <summary>How MSBuild shows a diagnostic, unless the user has it otherwise.</summary>
internal enum Severity
{
    Message,
    Warning,
    Error,
}

/// <summary>Something that a user should know.</summary>
/// <param name="Code">One of <see cref="Diagnostics"/>; null for information that is no trouble.</param>
/// <param name="Message">Plain text; whoever prints it escapes it.</param>
internal sealed record Diagnostic(string? Code, string Message)
{
    /// <summary>For server.log only.</summary>
    public static Diagnostic Detail(string message) => new(null, message);

    public override string ToString() => Code is null ? Message : $"{Code}: {Message}";
}

/// <summary>
/// The catalogue: every diagnostic of ours is a method here. A code keeps its number and its meaning; the README's table says what to do about it.
/// </summary>
internal static class Diagnostics
{
    private const string TokenLeaked = "SYNC0001";
    private const string Setting = "SYNC0002";
    private const string NoServer = "SYNC0003";
    private const string NotWritable = "SYNC0004";
    private const string OtherPort = "SYNC0005";
    private const string Joined = "SYNC0006";
    private const string NoCoordinator = "SYNC0007";
    private const string Restarted = "SYNC0008";
    private const string TooLate = "SYNC0009";
    private const string Unreachable = "SYNC0010";
    private const string Refused = "SYNC0011";
    private const string Unknown = "SYNC0012";
    private const string Over = "SYNC0013";
    private const string Rejected = "SYNC0014";
    private const string LeftOver = "SYNC0015";
    private const string Undecided = "SYNC0016";
    private const string Contradiction = "SYNC0017";
    private const string Extension = "SYNC0018";
    private const string NoPlan = "SYNC0019";
    private const string Placeholder = "SYNC0020";
    private const string Attachment = "SYNC0021";
    private const string Internal = "SYNC0022";

    private const string WhoResends = "the next run that publishes there, 'SyncStorage.Server.dll --resend' or 'dotnet msbuild -t:SyncStorageResend'";
    private const string LeakedAdvice = "consider this token leaked: replace it, and set the environment variable TMS_PRIVATE_TOKEN or privateToken in Tms.config.json instead.";

    public static Severity SeverityOf(string? code) => code switch
    {
        TokenLeaked => Severity.Error,
        null or OtherPort or Joined => Severity.Message,
        _ => Severity.Warning,
    };

    /// <summary>Test IT is away: no trouble any more once everything has arrived.</summary>
    public static bool IsOutage(string? code) => code == Unreachable;

    /// <summary>True as long as something is left; a later try may make an end of it.</summary>
    public static bool IsLeftOver(string? code) => code == LeftOver;

    /// <summary>Test IT's run takes nothing any more.</summary>
    public static bool IsRunOver(string? code) => code == Over;

    // The token.
    public static Diagnostic TokenAsProperty(string property)
        => new(TokenLeaked, $"The private token was given as the MSBuild property {property}. Properties are written to binary logs, so {LeakedAdvice}");

    public static Diagnostic TokenInRunSettings()
        => new(TokenLeaked, $"PrivateToken in the .runsettings is not used: VSTest writes that file to its logs, so {LeakedAdvice}");

    public static Diagnostic TokenRefused(string? url, string reason, string source)
        => new(Refused, $"Test IT at {url} refused the private token ({source}): {reason}");

    // Settings.
    public static Diagnostic InvalidSetting(string text) => new(Setting, text);

    public static Diagnostic ModeContradictsRunId(string text) => new(Contradiction, text);

    // The server.
    public static Diagnostic ServerNotStarted(string reason) => new(NoServer, $"Sync Storage could not be started: {reason} The tests run without it.");

    public static Diagnostic ServerDidNotStart(string reason) => new(NoServer, $"the server could not be started: {reason}");

    public static Diagnostic PortTaken(int port, string owner, int instead)
        => new(OtherPort, $"Port {port} is in use by {owner}; this run is coordinated on port {instead}.");

    public static Diagnostic ServerRestarted()
        => new(Restarted, "the server was lost during the run; it is started again and goes on from its journal and the mail.");

    public static Diagnostic ServerStillRuns(double seconds, string setting, double timeout, string? directory = null)
        => new(TooLate, $"the server had not ended after {seconds:0} s ({setting} is {timeout} s){SeeLog(directory)}");

    public static Diagnostic ServerEndedTooOften(int times, string? directory = null)
        => new(TooLate, $"the server ended {times} times without closing its runs{SeeLog(directory)}");

    public static Diagnostic RunGoesOn(string run, string report) => new(TooLate, $"run {run} goes on in another invocation; {report} will tell its end");

    /// <summary>A fault of ours, not of the user's surroundings.</summary>
    public static Diagnostic InternalError(string what, string reason) => new(Internal, $"{what}: {reason}");

    // Who coordinates.
    public static Diagnostic RunIsShared(string run, string directory)
        => new(Joined, $"Sync Storage: run {run} is coordinated by another 'dotnet test' of yours already; this one takes part. Port, directory and Test IT settings are that one's, log and journal lie in {directory}");

    public static Diagnostic AnotherCoordinates(int port, string? notStarted = null)
        => new(Joined, $"A Sync Storage listens on port {port} already; it coordinates this run{(notStarted is null ? "" : $", and {notStarted} is not started")}.");

    public static Diagnostic NoExternalCoordinator(string reason)
        => new(NoCoordinator, $"{reason} No result is held back by an external coordinator; results are reported normally.");

    public static Diagnostic ExternalCoordinatorFailed(string url, string reason)
        => new(NoCoordinator, $"The Sync Storage at {url} cannot be used: {reason}. Results are reported normally, none is held back.");

    public static Diagnostic CompletionNotConfirmed(string url, string run)
        => new(NoCoordinator, $"{url} did not say that run {run} is complete; it gives the held-back result its final status when all its workers are done.");

    // SyncStorageDirectory.
    public static Diagnostic DirectoryNotWritable(string directory, string reason, bool publishes)
        => new(NotWritable, $"SyncStorageDirectory '{directory}' cannot be written: {reason} {(publishes ? "Results go to Test IT; what cannot be sent is lost, and no report is kept." : "The tests run without Sync Storage.")}");

    public static Diagnostic FileNotWritten(string path, string reason) => new(NotWritable, $"{path} cannot be written: {reason}");

    public static Diagnostic FinalReportNotWritten(string run, string report)
        => new(NotWritable, $"the final report of run {run} could not be written (is the disk full?); {report} is from the middle of the run. The next run in this directory completes it.");

    public static Diagnostic NoReport(string path, string reason) => new(NotWritable, $"{path} is no report: {reason}");

    public static Diagnostic DamagedResults(string path, int lines, long first)
        => new(Rejected, $"{lines} lines of {path} are damaged, the first is line {first}: what they held is lost and counts as rejected.");

    // Test IT.
    public static Diagnostic TestItUnreachable(string url, string reason)
        => new(Unreachable, $"Test IT at {url} (TMS_URL, url) cannot be reached: {reason} The results are kept and sent when it answers.");

    public static Diagnostic TestItAnswersOddly(string? url, string reason)
        => new(Unreachable, $"Test IT at {url} answers what no Test IT does, so it is not asked again; the results are kept: {reason}");

    public static Diagnostic UnknownProject(string? url, string? project, string reason)
        => new(Unknown, $"Test IT at {url} does not know project {project} (TMS_PROJECT_ID, projectId, SyncStorageProjectId): {reason}");

    public static Diagnostic UnknownConfiguration(string? url, string? configuration, string reason)
        => new(Unknown, $"Test IT at {url} does not know configuration {configuration} (TMS_CONFIGURATION_ID, configurationId, SyncStorageConfigurationId) in the project: {reason}");

    public static Diagnostic UnknownRun(string? url, string run, string reason)
        => new(Unknown, $"Test IT at {url} does not know test run {run} (TMS_TEST_RUN_ID, testRunId, SyncStorageTestRunId): {reason}");

    public static Diagnostic RunNotCreated(string? url, string? project, string reason)
        => new(Unknown, $"Test IT at {url} did not create a test run in project {project} (TMS_PROJECT_ID, projectId): {reason}");

    public static Diagnostic RunDenied(string? url, string run, string reason) => new(Unknown, $"Test IT at {url} denied access to test run {run}: {reason}");

    public static Diagnostic RunIsOver(string? url, string? run, string? state, string reason)
        => new(Over, $"Test run {run} (TMS_TEST_RUN_ID, testRunId, SyncStorageTestRunId) in Test IT at {url} is already {state} and takes no results{reason}.");

    public static Diagnostic RunNotCompleted(string run, string reason) => new(Rejected, $"Test run {run} could not be completed: {reason}");

    public static Diagnostic ResultsRejected(long count, string report)
        => new(Rejected, $"Test IT rejected {count} results; the reasons are in server.log beside {report}.");

    public static Diagnostic ResultsRejected(long count, IEnumerable<string> reasons)
        => new(Rejected, $"Test IT rejected {count} results, among them: {string.Join("; ", reasons)}");

    // What is left for later.
    public static Diagnostic ResultsNotDelivered(string reason) => new(LeftOver, $"Results were not delivered: {reason}");

    public static Diagnostic ResultsLeft(int count, string? heldId)
        => new(LeftOver, $"{count} results are not in Test IT yet{(heldId is null ? "" : $", among them the held-back '{heldId}', which has no final status")}; they are kept; {WhoResends} sends them.");

    /// <param name="matter">The beginning of a sentence: "The held-back result 'x' of test run y".</param>
    public static Diagnostic TriedAgain(string matter)
        => new(LeftOver, $"{matter} is not in Test IT yet. It is tried again as long as this server runs; after that by {WhoResends}.");

    public static Diagnostic NeedsToken(string matter)
        => new(LeftOver, $"{matter} is not in Test IT: there is no private token (TMS_PRIVATE_TOKEN). With it, {WhoResends} sends it.");

    public static Diagnostic LeftAsItIs(string what, string reason) => new(LeftOver, $"{what} is left as it is: {reason}");

    public static Diagnostic GuestLeft(string run) => new(LeftOver, $"run {run} of an official adapter ends, and its held-back result has no final status.");

    public static Diagnostic StillLeft(string counts) => new(LeftOver, counts);

    // The held-back result.
    public static Diagnostic HeldResultIsNameless(string run) => new(Unknown, $"The held-back result of test run {run} names no autotest, so nobody can find it.");

    public static Diagnostic HeldResultNotFinalized(string? externalId, string run, string reason)
        => new(Unknown, $"The held-back result '{externalId}' of test run {run} could not be finalized: {reason}");

    public static Diagnostic HeldResultIsMissing(string? externalId, string run)
        => new(Unknown, $"There is no row of '{externalId}' in test run {run} and no configuration to create one with; the held-back result is missing.");

    public static Diagnostic HeldRowIsUnclear(string? externalId, string run)
        => new(Unknown, $"Several rows of '{externalId}' in test run {run} are InProgress and nothing tells which one is held back; none was touched.");

    public static Diagnostic FinalStatusRejected(string? url, string row, string reason)
        => new(Rejected, $"Test IT at {url} did not take the final status of the held-back result {row}: {reason}");

    public static Diagnostic FinalStatusDenied(string matter, string reason) => new(Unknown, $"{matter}: {reason}");

    // Adapter mode 0.
    public static Diagnostic NotDecided(string note) => new(Undecided, $"adapterMode 0: {note}.");

    public static Diagnostic PlanNotFetched(string reason) => new(NoPlan, $"adapterMode 0: the tests planned in Test IT could not be fetched: {reason} All tests run.");

    // Extensions.
    public static Diagnostic NotCollecting(string userSettings, string reason)
        => new(
            Extension,
            $"Sync Storage's data collector is not attached: {(userSettings.Length == 0 ? "" : $"'{userSettings}': ")}{reason}. "
            + "Should a test host crash, the results that it had not reported are lost.");

    public static Diagnostic SettingsNotReadAgain(string userSettings, string reason)
        => new(Extension, $"Sync Storage: '{userSettings}' has changed and could not be read again: {reason}");

    public static Diagnostic ExtensionFailed(string what) => new(Extension, what);

    // Content.
    public static Diagnostic UnknownPlaceholder(string text) => new(Placeholder, text);

    public static Diagnostic AttachmentLeftOut(string file, string reason) => new(Attachment, $"The attachment '{file}' is left out: {reason}.");

    public static Diagnostic AttachmentsLeftOut(int count) => new(Attachment, $"{count} attachments are left out; server.log names further ones.");

    private static string SeeLog(string? directory) => directory is null ? "." : $"; see server.log below {directory}";
}
