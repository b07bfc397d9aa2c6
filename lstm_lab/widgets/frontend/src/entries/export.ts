import { ExportView } from "../export";
import { laboratory } from "../lab";

export default laboratory("export", ExportView);
