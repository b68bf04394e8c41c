using System.Collections.Concurrent;
using System.Text;
using SyncStorage.Sessions;

namespace SyncStorage.Client.Tests;

/// <summary>Two processes at one file, here as two threads: what one writes, the other reads at full speed.</summary>
[TestClass]
public sealed class SharedFileTests
{
    private const int Writes = 2000;

    private readonly string _folder = Directory.CreateTempSubdirectory("SyncStorage.SharedFile-").FullName;

    [TestCleanup]
    public void Remove() => Folders.Remove(_folder);

    [TestMethod]
    public void A_reader_sees_the_old_or_the_new_content_and_never_none()
    {
        string path = Path.Combine(_folder, "shared");
        string[] contents = [new('a', 900), new('b', 90_000)];
        SharedFile.WriteText(path, contents[0]);

        Race(write: n => SharedFile.WriteText(path, contents[n % 2]), read: () => CollectionAssert.Contains(contents, SharedFile.ReadText(path)));
    }

    [TestMethod]
    public void The_server_that_was_started_is_known_while_another_is_noted()
    {
        Session session = Session.At(Path.Combine(_folder, "session"));
        session.WriteStarted(new ProcessIdentity(1, "1"));

        Race(write: n => session.WriteStarted(new ProcessIdentity(n + 1, "1")), read: () => Assert.IsNotNull(session.ReadStarted()));
    }

    [TestMethod]
    public void A_file_that_comes_and_goes_is_there_or_not()
    {
        string path = Path.Combine(_folder, "shared");

        Race(
            write: n =>
            {
                SharedFile.WriteText(path, "there");
                File.Delete(path);
            },
            read: () => CollectionAssert.Contains(new[] { "there", null }, SharedFile.ReadText(path)));
    }

    /// <summary>As a viewer does on Windows that lets nobody rename what it shows.</summary>
    [TestMethod]
    public void What_must_not_stay_old_does_not_although_somebody_has_it_open()
    {
        string path = Path.Combine(_folder, "report.json");
        SharedFile.WriteText(path, "a long old report");
        using (new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        {
            SharedFile.WriteLast(path, Encoding.UTF8.GetBytes("final"));
        }

        Assert.AreEqual("final", SharedFile.ReadText(path));
        Assert.HasCount(1, Directory.GetFiles(_folder));
    }

    [TestMethod]
    public void A_file_that_another_writes_to_can_be_copied()
    {
        string path = Path.Combine(_folder, "results.jsonl");
        using var writing = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 1);
        writing.Write("one\n"u8);

        SharedFile.Copy(path, path + ".copy");

        Assert.AreEqual("one\n", SharedFile.ReadText(path + ".copy"));
    }

    [TestMethod]
    public void What_is_not_there_is_told_as_nothing()
    {
        Assert.IsNull(SharedFile.ReadText(Path.Combine(_folder, "none")));
        Assert.IsNull(SharedFile.ReadText(Path.Combine(_folder, "no folder", "none")));
    }

    private static void Race(Action<int> write, Action read)
    {
        var errors = new ConcurrentQueue<Exception>();
        bool isOver = false;
        Task writer = Task.Run(() =>
        {
            for (int n = 0; n < Writes; n++)
            {
                Try(() => write(n));
            }

            Volatile.Write(ref isOver, true);
        });
        while (!Volatile.Read(ref isOver))
        {
            Try(read);
        }

        writer.Wait();
        Assert.IsEmpty(errors.Take(3));

        void Try(Action action)
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                errors.Enqueue(e);
            }
        }
    }
}
