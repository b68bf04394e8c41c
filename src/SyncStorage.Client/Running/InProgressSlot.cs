namespace SyncStorage.Running;

/// <summary>
/// Lets one result at a time be offered to the run's in-progress slot, and none after it was decided. An exchange of one number
/// rather than a lock: whoever comes while an offer is under way is not held back and must not wait for it.
/// </summary>
internal sealed class InProgressSlot
{
    private const int Open = 0;
    private const int Offering = 1;
    private const int Decided = 2;

    private int _state;

    /// <summary>True for exactly one caller until it calls <see cref="End"/>.</summary>
    public bool TryBegin() => Volatile.Read(ref _state) == Open && Interlocked.CompareExchange(ref _state, Offering, Open) == Open;

    /// <param name="decided">True when the service answered, whoever has the slot now; false when the offer did not reach it.</param>
    public void End(bool decided) => Volatile.Write(ref _state, decided ? Decided : Open);

    /// <summary>One further result may be offered. An offer that is under way goes on.</summary>
    public void Reopen() => Interlocked.CompareExchange(ref _state, Open, Decided);
}
