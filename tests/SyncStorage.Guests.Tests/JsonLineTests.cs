using System.Text;
using System.Text.Json;
using SyncStorage.Mail;

namespace SyncStorage.Guests.Tests;

[TestClass]
public sealed class JsonLineTests
{
    [TestMethod]
    [DataRow("")]
    [DataRow("plain")]
    [DataRow("\"quoted\" and \\ back")]
    [DataRow("lines\r\nand\ttabs")]
    [DataRow("ends with \\")]
    [DataRow("Zeile \u2028 und \u2029, \u0085, \u007f")]
    [DataRow("日本語 und 😀😀")]
    public void Text_comes_out_as_it_went_in(string text) => Assert.AreEqual(text, RoundTrip(text));

    [TestMethod]
    public void Every_control_character_comes_out_as_it_went_in()
    {
        string all = new(Enumerable.Range(0, 0xA0).Select(code => (char)code).ToArray());

        Assert.AreEqual(all, RoundTrip(all));
    }

    /// <summary>H and L stand for the halves of a pair: attributes are stored as UTF-8, which cannot hold them.</summary>
    [TestMethod]
    [DataRow("aHb", "a\ufffdb")]
    [DataRow("L", "\ufffd")]
    [DataRow("H", "\ufffd")]
    [DataRow("HHL", "\ufffd😀")]
    [DataRow("LH", "\ufffd\ufffd")]
    public void Half_a_pair_becomes_the_replacement_character(string text, string expected)
        => Assert.AreEqual(expected, RoundTrip(text.Replace('H', '\ud83d').Replace('L', '\ude00')));

    [TestMethod]
    public void It_is_one_line_whatever_is_in_it()
    {
        byte[] line = new JsonLine().Add("text", "a\nb\r\nc").Add("list", ["d\n", "e"]).ToBytes();

        Assert.AreEqual(line.Length - 1, Array.IndexOf(line, (byte)'\n'));
    }

    [TestMethod]
    public void Numbers_and_times_do_not_depend_on_the_culture_of_the_host()
    {
        var before = System.Globalization.CultureInfo.CurrentCulture;
        try
        {
            // Persian: other digits' signs, another calendar.
            System.Globalization.CultureInfo.CurrentCulture = new System.Globalization.CultureInfo("fa-IR");
            var at = new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.FromHours(2)).AddTicks(1);
            JsonElement line = Parse(new JsonLine().Add("number", -1234567L).Add("at", at));

            Assert.AreEqual(-1234567, line.GetProperty("number").GetInt64());
            Assert.AreEqual(at, line.GetProperty("at").GetDateTimeOffset());
        }
        finally
        {
            System.Globalization.CultureInfo.CurrentCulture = before;
        }
    }

    [TestMethod]
    public void What_is_empty_is_left_out()
        => Assert.AreEqual("{\"a\":1}\n", Encoding.UTF8.GetString(new JsonLine().Add("a", 1).Add("b", (string?)null).Add("c", Array.Empty<string>()).ToBytes()));

    private static string RoundTrip(string text) => Parse(new JsonLine().Add("first", "x").Add("text", text)).GetProperty("text").GetString()!;

    private static JsonElement Parse(JsonLine line) => JsonDocument.Parse(line.ToBytes()).RootElement;
}
