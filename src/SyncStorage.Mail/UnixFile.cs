using System.Globalization;
using System.Runtime.InteropServices;

namespace SyncStorage.Sessions;

/// <summary>What kind of file something is, whose it is and who may write it: what netstandard2.0 has no way to ask. Not for Windows.</summary>
internal sealed class UnixFile
{
    private const int TypeMask = 0xF000;
    private const int Regular = 0x8000;
    private const int Directory = 0x4000;
    private const int Link = 0xA000;
    private const int Sticky = 0x200; // 1000
    private const int WritableByGroup = 0x10; // 0020
    private const int WritableByOthers = 0x2; // 0002

    // Root's, seen from a container that has no root.
    private const uint Nobody = 65534;

    private static readonly bool IsMono = Type.GetType("Mono.Runtime") is not null;

    private readonly FileStatus _status;

    private UnixFile(FileStatus status) => _status = status;

    public static bool IsSupported => !RuntimeInformation.IsOSPlatform(OSPlatform.Windows);

    public bool IsRegular => (_status.Mode & TypeMask) == Regular;
    public bool IsDirectory => (_status.Mode & TypeMask) == Directory;
    public bool IsLink => (_status.Mode & TypeMask) == Link;
    public uint Owner => _status.Owner;
    public bool IsOurs => Owner == UserId;

    /// <summary>Who runs this process.</summary>
    public static uint UserId => geteuid();

    /// <summary>Of a folder: nobody but root and the current user can rename or delete what the current user has in it.</summary>
    public bool KeepsOurs => WhyOthersDecide() is null || ((_status.Mode & Sticky) != 0 && (Owner is 0 or Nobody || IsOurs));

    /// <summary>Permissions, such as 0x1C0 for 0700.</summary>
    public int Permissions => _status.Mode & 0xFFF;

    /// <returns>Null when there is none or it cannot be looked at. Links are followed.</returns>
    public static UnixFile? At(string path) => (IsMono ? MonoStat(path, out FileStatus status) : Stat(path, out status)) == 0 ? new UnixFile(status) : null;

    /// <returns>Null when there is none or it cannot be looked at. A link is itself.</returns>
    public static UnixFile? AtLink(string path) => (IsMono ? MonoLStat(path, out FileStatus status) : LStat(path, out status)) == 0 ? new UnixFile(status) : null;

    /// <summary>Of a file that is open: nobody can exchange it after the look.</summary>
    public static UnixFile? Of(SafeHandle file) => (IsMono ? MonoFStat(file, out FileStatus status) : FStat(file, out status)) == 0 ? new UnixFile(status) : null;

    /// <summary>Null when only the current user, or root, decides what is in the file; else what says otherwise.</summary>
    public string? WhyOthersDecide()
        => Owner != 0 && !IsOurs ? string.Format(CultureInfo.InvariantCulture, "it belongs to the user with the id {0}", Owner)
            // A link's own permissions mean nothing, and say everything.
            : IsLink ? null
            : (_status.Mode & WritableByOthers) != 0 ? "every user may write it"
            // A group with the user's own number is the user's private one on most systems, which then let it write everything.
            : (_status.Mode & WritableByGroup) != 0 && _status.Group != Owner ? string.Format(CultureInfo.InvariantCulture, "the group with the id {0} may write it", _status.Group)
            : null;

    // The same for every Unix and processor, other than libc's own struct: .NET's class library asks for it with these calls.
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    private struct FileStatus
    {
        public int Flags;
        public int Mode;
        public uint Owner;
        public uint Group;
        public long Size;
    }

    [DllImport("libSystem.Native", EntryPoint = "SystemNative_Stat", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Stat(string path, out FileStatus status);

    [DllImport("libSystem.Native", EntryPoint = "SystemNative_LStat", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int LStat(string path, out FileStatus status);

    [DllImport("libSystem.Native", EntryPoint = "SystemNative_FStat")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FStat(SafeHandle file, out FileStatus status);

    // Mono has an older edition of the same library; what is looked at here lies at the same place there.
    [DllImport("System.Native", EntryPoint = "SystemNative_Stat2", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MonoStat(string path, out FileStatus status);

    [DllImport("System.Native", EntryPoint = "SystemNative_LStat2", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MonoLStat(string path, out FileStatus status);

    [DllImport("System.Native", EntryPoint = "SystemNative_FStat2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MonoFStat(SafeHandle file, out FileStatus status);

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint geteuid();
}
