namespace SyncStorage.Mail;

/// <summary>What a line of mail is about: the value of its first property, <c>type</c>.</summary>
internal static class MailTypes
{
    public const string Worker = "worker";
    public const string Start = "start";
    public const string End = "end";
    public const string Result = "result";
    public const string Trouble = "trouble";
    public const string Completed = "completed";
}
