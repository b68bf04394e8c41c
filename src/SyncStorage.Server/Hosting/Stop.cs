using System.Runtime.InteropServices;

namespace SyncStorage.Server.Hosting;

/// <summary>Requests to stop: signals and POST /shutdown.</summary>
internal sealed class Stop : IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly Action _requested;

    /// <param name="obeyTerminal">False: Ctrl+C and a closed terminal end the invocation, whose end this server has to see through.</param>
    /// <param name="requested">Called at every request, from any thread.</param>
    public Stop(bool obeyTerminal, Action requested)
    {
        _requested = requested;
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Obey));
        foreach (PosixSignal signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGHUP])
        {
            _signals.Add(PosixSignalRegistration.Create(signal, obeyTerminal ? Obey : Note));
        }
    }

    public bool IsRequested { get; private set; }

    /// <summary>Somebody pressed Ctrl+C, and this server went on.</summary>
    public bool SawInterrupt { get; private set; }

    public void Request()
    {
        IsRequested = true;
        _requested();
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
        {
            signal.Dispose();
        }
    }

    private void Obey(PosixSignalContext context)
    {
        context.Cancel = true;
        Request();
    }

    private void Note(PosixSignalContext context)
    {
        context.Cancel = true;
        SawInterrupt = true;
        _requested();
    }
}
