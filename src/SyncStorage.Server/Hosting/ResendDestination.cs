using SyncStorage.Settings;

namespace SyncStorage.Server.Hosting;

/// <summary>
/// Where results of earlier runs may go: to the Test IT of the current settings. What a journal says of an address, a certificate or a file with a token is not
/// enough: it may have come with a restored artifact, and the token of whoever sends it would go where its author likes.
/// </summary>
/// <param name="Url">Address of Test IT, as cleaned by <see cref="SettingsReader"/>; null when none is set.</param>
/// <param name="CertValidation">As set now.</param>
/// <param name="ConfigFile">The Tms.config.json that counts now.</param>
internal sealed record ResendDestination(string? Url, bool CertValidation, string? ConfigFile)
{
    public static ResendDestination Of(RunSettings current) => new(current.Url, current.CertValidation, current.ConfigFile);

    /// <param name="baseUrl">--baseURL; wins over TMS_URL and Tms.config.json.</param>
    /// <param name="folder">Where the search for Tms.config.json begins.</param>
    public static ResendDestination Read(string? baseUrl, string folder)
    {
        var reader = new SettingsReader(folder, new Dictionary<string, string> { [Setting.Url.Property!] = baseUrl ?? "" }, "--baseURL");
        var destination = new ResendDestination(reader.ReadUrl(), reader.ReadSwitch(Setting.CertValidation, true), reader.ConfigFile);
        foreach (SettingProblem problem in reader.Problems)
        {
            Output.WriteWarning(problem.Diagnostic);
        }

        return destination;
    }

    /// <param name="address">Where they belong, as their journal says; null when it does not.</param>
    /// <returns>Null when results of that run may go there, else why not.</returns>
    public string? WhyNot(string? address)
        => Url is null ? $"{For(address)}; no address of Test IT is set now (TMS_URL, url in Tms.config.json, SyncStorageBaseUrl, --baseURL)"
            : address is not null && !string.Equals(Url, SettingsReader.CutPasted(address), StringComparison.OrdinalIgnoreCase) ? $"{For(address)}, and the address that is set now is {Url}"
            : null;

    private static string For(string? address) => address is null ? "nothing says where they belong" : $"they are for {address}";

    public RunSettings Apply(RunSettings left) => left with { Url = Url, CertValidation = CertValidation, ConfigFile = ConfigFile };
}
