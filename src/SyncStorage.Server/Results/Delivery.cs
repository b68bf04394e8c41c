namespace SyncStorage.Server.Results;

/// <summary>Where an observed result is on its way to Test IT. At the end of a run none is pending.</summary>
internal enum Delivery : byte
{
    Pending,

    /// <summary>Test IT has it; in local mode: the report has it.</summary>
    Sent,

    /// <summary>Could not be sent in time; kept for the next run or a resend.</summary>
    Spooled,

    /// <summary>Test IT refused it for good; the reason is in the log and the report.</summary>
    Rejected,
}
