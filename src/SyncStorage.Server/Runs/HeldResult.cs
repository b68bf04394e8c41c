using SyncStorage.Protocol;

namespace SyncStorage.Server.Runs;

/// <summary>The result that is held back, or for official clients the cut of it.</summary>
/// <param name="Cut">What was offered, with the final status.</param>
/// <param name="Pid">The worker that offered it; null for an official client, whose POST names none.</param>
/// <param name="Index">The handed-over result that the cut stands for; null until it came, for official clients for ever.</param>
/// <param name="Finalized">It got its final status.</param>
internal sealed record HeldResult(TestResultCut Cut, string? Pid, long? Index, bool Finalized);
