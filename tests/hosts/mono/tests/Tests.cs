using System;
using System.IO;
using System.Linq;
using System.Threading;
using NUnit.Framework;

namespace MonoTests
{
    // Environment: CRASH = anything, then the last test ends the test host.
    public class Tests
    {
        [TestCase(1), TestCase(2)]
        public void Has_rows(int row) => Assert.That(row, Is.Not.Zero);

        [Test]
        public void Names_its_runtime()
        {
            Console.WriteLine("runtime " + Environment.Version);
            if (Environment.GetEnvironmentVariable("CRASH") != null)
            {
                // NUnit tells of its tests on a thread of its own: not before it told of this one.
                string results = Environment.GetEnvironmentVariable("SyncStorageDirectory");
                string host = "." + System.Diagnostics.Process.GetCurrentProcess().Id + ".jsonl";
                SpinWait.SpinUntil(() => Directory.GetFiles(results, "*" + host, SearchOption.AllDirectories).Any(mail => ReadAll(mail).Contains("Names_its_runtime")), 20000);
                Environment.Exit(3);
            }
        }

        private static string ReadAll(string path)
        {
            using (var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
            {
                return new StreamReader(stream).ReadToEnd();
            }
        }
    }
}
