using System.Collections.Concurrent;
using SyncStorage.Mail;

namespace SyncStorage.Guests.Tests;

[TestClass]
public sealed class MailFileTests
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"mail-{Guid.NewGuid():N}");
    private readonly ConcurrentQueue<string> _warnings = new();

    [TestCleanup]
    public void RemoveFolder()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [TestMethod]
    public void A_line_can_be_read_as_soon_as_it_is_written()
    {
        using MailFile mail = Open();

        mail.Write(Line("one"));
        CollectionAssert.AreEqual(new[] { "one" }, Written());

        mail.Write(Line("two"));
        CollectionAssert.AreEqual(new[] { "one", "two" }, Written());
    }

    [TestMethod]
    public void Folder_and_file_are_their_owners_only()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using MailFile mail = Open();
        mail.Write(Line("one"));

        Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder));
        Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Directory.GetFiles(_folder).Single()));
    }

    [TestMethod]
    public void The_name_says_worker_part_and_process()
    {
        using MailFile mail = Open();
        mail.Write(Line("one"));

        Assert.AreEqual($"7-8-9.logger.{Environment.ProcessId}.jsonl", Path.GetFileName(Directory.GetFiles(_folder).Single()));
    }

    [TestMethod]
    public void Two_of_one_process_do_not_write_into_each_others_file()
    {
        using MailFile first = Open();
        using MailFile second = Open();
        first.Write(Line("one"));
        second.Write(Line("two"));
        first.Write(Line("three"));

        CollectionAssert.AreEqual(new[] { 1, 2 }, Directory.GetFiles(_folder).Select(path => File.ReadAllLines(path).Length).Order().ToArray());
    }

    [TestMethod]
    public void Lines_of_many_threads_stay_whole()
    {
        using (MailFile mail = Open())
        {
            Parallel.For(0, 2000, i => mail.Write(Line(new string((char)('a' + i % 26), i % 500) + i)));
        }

        Assert.HasCount(2000, Written().Distinct().ToArray());
    }

    [TestMethod]
    public void What_a_full_disk_refuses_is_written_once_there_is_room_and_in_order()
    {
        var disk = new Disk();
        using MailFile mail = Open(_ => disk);
        mail.Write(Line("one"));
        disk.Room = 4;
        mail.Write(Line("two"));
        mail.Write(Line("three"));

        CollectionAssert.AreEqual(new[] { "one" }, disk.Lines(), "A half line is cut off.");
        Assert.AreEqual(2, mail.Refused);

        disk.Room = null;
        mail.Write(Line("four"));
        CollectionAssert.AreEqual(new[] { "one", "two", "three", "four" }, disk.Lines());
    }

    [TestMethod]
    public void The_flush_is_the_last_chance()
    {
        var disk = new Disk { Room = 4 };
        using MailFile mail = Open(_ => disk);
        mail.Write(Line("one"));
        Assert.IsFalse(mail.Flush());

        disk.Room = null;
        Assert.IsTrue(mail.Flush());
        CollectionAssert.AreEqual(new[] { "one" }, disk.Lines());
        Assert.AreEqual(0, mail.Refused);
    }

    [TestMethod]
    public void A_half_line_that_cannot_be_cut_off_is_overwritten()
    {
        var disk = new Disk { Room = 4, CanCut = false };
        using MailFile mail = Open(_ => disk);
        mail.Write(Line("one"));
        disk.Room = null;

        Assert.IsTrue(mail.Flush());
        CollectionAssert.AreEqual(new[] { "one" }, disk.Lines());
    }

    [TestMethod]
    public void A_folder_that_cannot_be_written_costs_lines_only_when_memory_is_full_and_never_throws()
    {
        File.WriteAllText(_folder, "a file where the folder should be");
        try
        {
            using MailFile mail = Open();
            mail.Write(Line("one"));
            Assert.AreEqual(1, mail.Refused);

            mail.Write(Line(new string('x', 33 << 20)));
            Assert.AreEqual(1, mail.Lost);
            Assert.IsFalse(mail.Flush());
            Assert.IsFalse(_warnings.IsEmpty);
        }
        finally
        {
            File.Delete(_folder);
        }
    }

    private MailFile Open() => new(_folder, "7-8-9", "logger", (text, _) => _warnings.Enqueue(text));

    private MailFile Open(Func<string, Stream> open) => new(_folder, "7-8-9", "logger", (text, _) => _warnings.Enqueue(text), open);

    private static JsonLine Line(string text) => new JsonLine().Add("text", text);

    private string[] Written() => Directory.GetFiles(_folder).SelectMany(Lines).ToArray();

    private static string[] Lines(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        return TextsIn(reader.ReadToEnd());
    }

    private static string[] TextsIn(string content)
    {
        Assert.IsTrue(content.Length == 0 || content.EndsWith('\n'), $"not whole: {content}");
        return content.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()!).ToArray();
    }

    /// <summary>Takes as many bytes as it has room for, then says that it is full.</summary>
    private sealed class Disk : MemoryStream
    {
        public int? Room { get; set; }
        public bool CanCut { get; init; } = true;

        public string[] Lines() => TextsIn(System.Text.Encoding.UTF8.GetString(ToArray()));

        public override void Write(byte[] buffer, int offset, int count)
        {
            int fits = Math.Min(count, Room ?? count);
            base.Write(buffer, offset, fits);
            if (fits < count)
            {
                throw new IOException("No space left on device");
            }
        }

        public override void SetLength(long value)
        {
            if (!CanCut)
            {
                throw new IOException("Input/output error");
            }

            base.SetLength(value);
        }
    }
}
