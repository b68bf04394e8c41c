using System.Net.Sockets;
using SyncStorage.Server.Hosting;
using SyncStorage.Sessions;

namespace SyncStorage.Server;

internal static class Program
{
    private const int Done = 0;
    private const int Failed = 1;
    private const int WrongUsage = 2;

    public static async Task<int> Main(string[] arguments)
    {
        ServerOptions options;
        try
        {
            options = ServerOptions.Parse(arguments);
        }
        catch (OptionsException e)
        {
            Output.WriteError(e.Message);
            Output.WriteUsage(asError: true);
            return WrongUsage;
        }

        if (options.Help)
        {
            Output.WriteUsage(asError: false);
            return Done;
        }

        if (options.Resend)
        {
            using var resend = new ResendCommand(options, TimeProvider.System);
            return await resend.RunAsync().ConfigureAwait(false);
        }

        return options.Session is null ? await StandAlone(options).ConfigureAwait(false) : await Embedded(options).ConfigureAwait(false);
    }

    private static async Task<int> StandAlone(ServerOptions options)
    {
        try
        {
            return await StandAloneServer.RunAsync(options, TimeProvider.System).ConfigureAwait(false);
        }
        catch (PortTakenException e)
        {
            Output.WriteError($"{e.Message} Stop the program that uses it, or choose another with --port.");
            return Failed;
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            Output.WriteError($"Sync Storage cannot start: {e.Message}");
            return Failed;
        }
    }

    private static async Task<int> Embedded(ServerOptions options)
    {
        try
        {
            if (options.Settings is not null)
            {
                if (HandWritten.Resolve(options) is not { } resolved)
                {
                    Session.At(options.Session!).RemoveServer();
                    return Done;
                }

                options = resolved;
            }

            using var server = new EmbeddedServer(options, TimeProvider.System);
            return await server.RunAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Nobody reads the output of an embedded server: who waits for it looks for this file.
            Output.WriteError(e.ToString());
            Explain(options.Session!, e is UnauthorizedAccessException ? new IOException(Diagnostics.FileNotWritten(options.Directory, e.Message).ToString(), e) : e);
            return Failed;
        }
    }

    private static void Explain(string session, Exception e)
    {
        try
        {
            SharedFile.WriteText(Session.At(session).StartErrorPath, e.Message);
        }
        catch (Exception again) when (again is IOException or UnauthorizedAccessException)
        {
            Output.WriteError(again.Message);
        }
    }
}
