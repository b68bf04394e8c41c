using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text;

namespace SyncStorage.Sessions;

/// <summary>
/// Starts a process that inherits nothing but a pipe for its errors. Process.Start lets a child inherit every inheritable handle on Windows,
/// redirected or not: MSBuild, or `dotnet test | more`, reads its own pipe to the end, and the server would keep that end away for as long as it lives.
/// </summary>
internal static class WindowsProcess
{
    private const uint CreateNoWindow = 0x08000000;
    private const uint CreateUnicodeEnvironment = 0x00000400;
    private const uint ExtendedStartupInfo = 0x00080000;
    private const int UseStandardHandles = 0x00000100;
    private static readonly IntPtr HandleList = (IntPtr)0x00020002;

    /// <param name="info">File name, arguments, folder and environment of the process.</param>
    /// <returns>The process, and what it says on its standard error.</returns>
    /// <exception cref="Win32Exception">There is no such program, for one.</exception>
    public static (ProcessIdentity Process, StreamReader Errors) Start(ProcessStartInfo info)
    {
        var errors = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        IntPtr attributes = IntPtr.Zero;
        IntPtr handles = Marshal.AllocHGlobal(IntPtr.Size);
        IntPtr environment = Marshal.StringToHGlobalUni(BlockOf(info.Environment));
        try
        {
            IntPtr size = IntPtr.Zero;
            InitializeProcThreadAttributeList(IntPtr.Zero, 1, 0, ref size);
            attributes = Marshal.AllocHGlobal(size);
            IntPtr write = errors.ClientSafePipeHandle.DangerousGetHandle();
            Marshal.WriteIntPtr(handles, write);
            var startup = new StartupInfo { Size = Marshal.SizeOf<StartupInfo>(), Flags = UseStandardHandles, Error = write, Attributes = attributes };
            if (!InitializeProcThreadAttributeList(attributes, 1, 0, ref size)
                || !UpdateProcThreadAttribute(attributes, 0, HandleList, handles, (IntPtr)IntPtr.Size, IntPtr.Zero, IntPtr.Zero)
                || !CreateProcess(
                    null, $"\"{info.FileName}\" {info.Arguments}\0".ToCharArray(), IntPtr.Zero, IntPtr.Zero, inheritHandles: true,
                    CreateNoWindow | CreateUnicodeEnvironment | ExtendedStartupInfo, environment, info.WorkingDirectory,
                    ref startup, out ProcessInformation started))
            {
                var error = new Win32Exception(Marshal.GetLastWin32Error());
                throw new Win32Exception(error.NativeErrorCode, $"'{info.FileName}' did not start: {error.Message}");
            }

            // Nobody else gets its id while the handle is open.
            ProcessIdentity process = ProcessIdentity.OfStarted(started.ProcessId);
            CloseHandle(started.Thread);
            CloseHandle(started.Process);
            errors.DisposeLocalCopyOfClientHandle();
            return (process, new StreamReader(errors, Encoding.UTF8));
        }
        catch
        {
            errors.Dispose();
            throw;
        }
        finally
        {
            // An empty list needs no more than that: it owns nothing.
            Marshal.FreeHGlobal(attributes);
            Marshal.FreeHGlobal(handles);
            Marshal.FreeHGlobal(environment);
        }
    }

    /// <summary>name=value, each ended by a null and all by another, in the order that Windows searches.</summary>
    private static string BlockOf(IDictionary<string, string?> environment)
        => string.Concat(environment.OrderBy(variable => variable.Key, StringComparer.OrdinalIgnoreCase)
            .Select(variable => $"{variable.Key}={variable.Value}\0")) + "\0";

    [StructLayout(LayoutKind.Sequential)]
    private struct StartupInfo
    {
        public int Size;
        public IntPtr Reserved;
        public IntPtr Desktop;
        public IntPtr Title;
        public int X;
        public int Y;
        public int Width;
        public int Height;
        public int Columns;
        public int Rows;
        public int Fill;
        public int Flags;
        public short ShowWindow;
        public short ReservedSize;
        public IntPtr ReservedBytes;
        public IntPtr Input;
        public IntPtr Output;
        public IntPtr Error;
        public IntPtr Attributes;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ProcessInformation
    {
        public IntPtr Process;
        public IntPtr Thread;
        public int ProcessId;
        public int ThreadId;
    }

    [DllImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool InitializeProcThreadAttributeList(IntPtr list, int count, int flags, ref IntPtr size);

    [DllImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool UpdateProcThreadAttribute(
        IntPtr list, uint flags, IntPtr attribute, IntPtr value, IntPtr size, IntPtr previous, IntPtr returnSize);

    [DllImport("kernel32", EntryPoint = "CreateProcessW", SetLastError = true, CharSet = CharSet.Unicode)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool CreateProcess(
        string? application, [In, Out] char[] commandLine, IntPtr processSecurity, IntPtr threadSecurity, [MarshalAs(UnmanagedType.Bool)] bool inheritHandles,
        uint flags, IntPtr environment, string workingDirectory, ref StartupInfo startup, out ProcessInformation started);

    [DllImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool CloseHandle(IntPtr handle);
}
